// `npm run bench [-- name…]`: benchmarks, one after another, as tables with a verdict for each goal; their figures as
// JSON in load-tests/results. `peers` needs MinIO, which takes minutes to build: it runs only where it is named.
import { mkdir, writeFile } from "node:fs/promises";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import type { Result } from "./support/result.ts";

const BENCHES: Readonly<Record<string, () => Promise<{ run(): Promise<Result> }>>> = {
  put: () => import("./put.ts"),
  "memcached-tier": () => import("./memcached-tier.ts"),
  hits: () => import("./hits.ts"),
  "not-found": () => import("./not-found.ts"),
  held: () => import("./held.ts"),
  playlist: () => import("./playlist.ts"),
};
const PEERS: typeof BENCHES = {
  "peers-hits": () => import("../peers/hits.ts"),
  "peers-not-found": () => import("../peers/not-found.ts"),
  "peers-put": () => import("../peers/put.ts"),
  "peers-put-together": () => import("../peers/put-together.ts"),
  "peers-cold-get": () => import("../peers/cold-get.ts"),
};
const ALL = { ...BENCHES, ...PEERS };
const RESULTS = join(import.meta.dirname, "..", "results");

const asked = process.argv.slice(2).flatMap((name) => (name === "peers" ? Object.keys(PEERS) : [name]));
const unknown = asked.filter((name) => !Object.hasOwn(ALL, name));
if (unknown.length > 0) {
  process.stderr.write(`unknown benchmark ${unknown.join(", ")}; there are peers, ${Object.keys(ALL).join(", ")}\n`);
  process.exitCode = 2;
} else {
  for (const name of asked.length > 0 ? asked : Object.keys(BENCHES)) await bench(name);
}

async function bench(name: string): Promise<void> {
  const machine = {
    cpu: cpus()[0]?.model,
    cores: cpus().length,
    // What others did with it in the minute before.
    loadBefore: Number(loadavg()[0]!.toFixed(1)),
    node: process.version,
  };
  try {
    const { run } = await ALL[name]!();
    const result = await run();
    console.log(`\n${result.title}`);
    console.table(result.rows);
    console.log(result.verdict);
    await mkdir(RESULTS, { recursive: true });
    const record = { name, at: new Date().toISOString(), machine, ...result };
    await writeFile(join(RESULTS, `${name}.json`), `${JSON.stringify(record, null, 2)}\n`);
  } catch (error) {
    console.error(`\n${name}: ${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  }
}
