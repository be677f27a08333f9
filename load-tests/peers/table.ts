// `node load-tests/peers/table.ts`: the last results of `npm run bench -- peers` as Markdown, for docs/performance.md.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Result } from "../bench/support/result.ts";

interface Recorded extends Result {
  readonly at: string;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly loadBefore: number };
}

const RESULTS = join(import.meta.dirname, "..", "results");

const NAMES = ["peers-hits", "peers-not-found", "peers-put", "peers-put-together", "peers-cold-get"];

for (const name of NAMES) {
  const text = await readFile(join(RESULTS, `${name}.json`), "utf8").catch(() => undefined);
  console.log(text === undefined ? `${name} was not measured here yet\n` : section(JSON.parse(text)));
}

function section({ title, at, machine, versions = {}, rows, verdict }: Recorded): string {
  const [subject, method] = title.split(/: (.*)/s);
  const columns = Object.keys(rows[0]!);
  const line = (cells: readonly unknown[]) => `| ${cells.join(" | ")} |`;
  const told = Object.entries(versions).map(([program, version]) => `${program} ${version}`);
  return [
    `### Peers: ${subject}`,
    "",
    `${method}. ${at.slice(0, 10)}; ${machine.cpu}, ${machine.cores} cores, ${machine.loadBefore} processes at work before; ${told.join(", ")}.`,
    "",
    line(columns),
    line(columns.map(() => "---")),
    ...rows.map((row) => line(Object.values(row).map((value) => value ?? "none"))),
    "",
    ...verdict.split("\n").map((goal) => `- ${goal}`),
    "",
  ].join("\n");
}
