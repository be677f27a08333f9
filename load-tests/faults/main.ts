// `npm run faults [-- name…] [--store local|cluster] [--seed TEXT] [--media DIR]`: blows to real processes in the midst
// of seeded traffic. Prints a line for each check; the exit code is not 0 when one failed.
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { cassandraForTests, type TestCassandra } from "@headwater/infra";
import { encoderKilled } from "./scenarios/encoder-killed.ts";
import { everythingKilled } from "./scenarios/everything-killed.ts";
import { ladder } from "./scenarios/ladder.ts";
import { originKilled } from "./scenarios/origin-killed.ts";
import { publisherKilled } from "./scenarios/publisher-killed.ts";
import { redisStopped } from "./scenarios/redis-stopped.ts";
import { zoneStopped } from "./scenarios/zone-stopped.ts";
import { type Fault, runFault } from "./scene.ts";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    store: { type: "string", default: "local" },
    seed: { type: "string", default: randomBytes(4).toString("hex") },
    media: { type: "string" },
    brief: { type: "boolean", default: false },
    keep: { type: "boolean", default: false },
  },
});

const FAULTS: Readonly<Record<string, Fault>> = {
  "publisher-killed": publisherKilled,
  "origin-killed": originKilled,
  "encoder-killed": encoderKilled,
  "everything-killed": everythingKilled,
  "zone-stopped": zoneStopped,
  "redis-stopped": redisStopped,
  ladder: ladder(values.media),
};
const USAGE = `npm run faults [-- name…] [--store local|cluster] [--seed TEXT] [--media DIR] [--brief] [--keep]
  names: ${Object.keys(FAULTS).join(", ")}; all that the store can have when none is given
  --seed repeats a run's traffic; --media sends real segments ({number}.m4s) up the ladder
  --brief strikes less often; --keep leaves the folder with data and logs, as a failure does
`;

const store = values.store as "local" | "cluster";
const names =
  positionals.length > 0 ? positionals : Object.keys(FAULTS).filter((name) => FAULTS[name]!.stores.includes(store));

if (!["local", "cluster"].includes(store) || names.some((name) => !FAULTS[name]?.stores.includes(store))) {
  process.stderr.write(USAGE);
  process.exitCode = 2;
} else {
  await strike();
}

async function strike(): Promise<void> {
  const cassandra = store === "cluster" ? await startCassandra() : undefined;
  try {
    for (const name of names) await strikeOne(name, FAULTS[name]!, cassandra);
  } finally {
    await cassandra?.stop();
  }
}

async function strikeOne(name: string, fault: Fault, cassandra: TestCassandra | undefined): Promise<void> {
  const { seed, brief } = values;
  const dir = await mkdtemp(join(tmpdir(), `headwater-fault-${name}-`));
  process.stdout.write(`${name}, ${store} store, seed ${seed}\n`);
  const late = setTimeout(() => {
    process.stderr.write(`faults: ${name} is not done after ${fault.deadlineMs / 1000} s; its logs are in ${dir}\n`);
    process.exit(1);
  }, fault.deadlineMs);
  const { passed, failed } = await runFault({ name, fault, seed, dir, brief, cassandra });
  clearTimeout(late);
  process.stdout.write(`${name}, ${store} store, seed ${seed}: ${passed} passed, ${failed.length} failed\n\n`);
  const isFailed = failed.length > 0 || passed === 0;
  if (isFailed) process.exitCode = 1;
  if (isFailed || values.keep) process.stdout.write(`kept ${dir}\n`);
  else await rm(dir, { recursive: true, force: true });
}

async function startCassandra(): Promise<TestCassandra> {
  const cassandra = await cassandraForTests();
  if (cassandra === undefined) throw new Error("Cassandra is missing: node infra/src/install.ts");
  return cassandra;
}
