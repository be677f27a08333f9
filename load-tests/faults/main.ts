// `npm run faults [-- name…] [--store local|cluster|cluster3|regions] [--seed TEXT] [--media DIR]`: blows to real processes in the
// midst of seeded traffic. Prints a line for each check; the exit code is not 0 when one failed. `-- report` writes
// docs/what-we-lose.md of the last runs, as a run of all faults does.
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { cassandraForTests, commandLine, ROOT } from "@headwater/infra";
import { startTwoDatacenters } from "./regions.ts";
import { keepRecord, readRecords } from "./report/record.ts";
import { whatWeLose } from "./report/what-we-lose.ts";
import { clocksApart } from "./scenarios/clocks-apart.ts";
import { coldCaches } from "./scenarios/cold-caches.ts";
import { diskFull } from "./scenarios/disk-full.ts";
import { encoderKilled } from "./scenarios/encoder-killed.ts";
import { everythingKilled } from "./scenarios/everything-killed.ts";
import { ladder } from "./scenarios/ladder.ts";
import { masks } from "./scenarios/masks.ts";
import { allDisksFull, nodeDiskFull } from "./scenarios/node-disk-full.ts";
import { nodeFrozen, nodeKilled } from "./scenarios/one-node.ts";
import { originKilled } from "./scenarios/origin-killed.ts";
import { publisherAtSteps } from "./scenarios/publisher-at-steps.ts";
import { publisherKilled } from "./scenarios/publisher-killed.ts";
import { putLate } from "./scenarios/put-late.ts";
import { putOversized } from "./scenarios/put-oversized.ts";
import { putTruncated } from "./scenarios/put-truncated.ts";
import { putTwice } from "./scenarios/put-twice.ts";
import { randomFaults } from "./scenarios/random-faults.ts";
import { redisStopped } from "./scenarios/redis-stopped.ts";
import { rollingRestart } from "./scenarios/rolling-restart.ts";
import { storeOverloaded } from "./scenarios/store-overloaded.ts";
import { storeSlow } from "./scenarios/store-slow.ts";
import { farFrozen, farKilled, homeNodeKilled } from "./scenarios/two-datacenters.ts";
import { twoNodesGone } from "./scenarios/two-nodes-gone.ts";
import { zonePoisoned } from "./scenarios/zone-poisoned.ts";
import { zoneStopped } from "./scenarios/zone-stopped.ts";
import { type Fault, runFault } from "./scene.ts";
import { ALL_STORES, type Store, startThreeNodes, type WorldCassandra } from "./world.ts";

const FAULTS: Readonly<Record<string, Fault>> = {
  "publisher-killed": publisherKilled,
  "publisher-at-steps": publisherAtSteps,
  "origin-killed": originKilled,
  "encoder-killed": encoderKilled,
  "put-truncated": putTruncated,
  "put-oversized": putOversized,
  "put-twice": putTwice,
  "put-late": putLate,
  masks,
  "everything-killed": everythingKilled,
  "zone-stopped": zoneStopped,
  "zone-poisoned": zonePoisoned,
  "cold-caches": coldCaches,
  "redis-stopped": redisStopped,
  "rolling-restart": rollingRestart,
  "node-killed": nodeKilled,
  "node-frozen": nodeFrozen,
  "two-nodes-gone": twoNodesGone,
  "store-slow": storeSlow,
  "store-overloaded": storeOverloaded,
  "disk-full": diskFull,
  "clocks-apart": clocksApart,
  "node-disk-full": nodeDiskFull,
  "all-disks-full": allDisksFull,
  "far-datacenter-killed": farKilled,
  "far-datacenter-frozen": farFrozen,
  "home-node-killed": homeNodeKilled,
  "random-faults": randomFaults,
  ladder,
};
const USAGE = `npm run faults [-- name…] [--store local|cluster|cluster3|regions] [--seed TEXT] [--media DIR] [--brief] [--keep]
npm run faults -- report
  names: ${Object.keys(FAULTS).join(", ")}; all that the store can have when none is given
  --seed repeats a run's traffic; --media sends real segments ({number}.m4s) up the ladder
  cluster3 and regions have three Cassandra nodes, and take some 6 GB of memory
  report writes docs/what-we-lose.md of the last run of each, as a run of all does
  --brief strikes less often and is not kept for the report; --keep leaves the folder with data and logs, as a failure does
`;

const { positionals, values } = commandLine(USAGE, {
  store: { type: "string", default: "local" },
  seed: { type: "string", default: randomBytes(4).toString("hex") },
  media: { type: "string" },
  brief: { type: "boolean", default: false },
  keep: { type: "boolean", default: false },
});

/** Of what runs, with data and logs. */
const folders = new Set<string>();

const REPORT = join(ROOT, "docs", "what-we-lose.md");
const store = values.store as Store;
const names =
  positionals.length > 0 ? positionals : Object.keys(FAULTS).filter((name) => FAULTS[name]!.stores.includes(store));

if (positionals.length === 1 && positionals[0] === "report") {
  await writeReport();
} else if (![...ALL_STORES, "regions"].includes(store) || names.some((name) => !FAULTS[name]?.stores.includes(store))) {
  process.stderr.write(USAGE);
  process.exitCode = 2;
} else {
  await strike();
}

async function strike(): Promise<void> {
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => endBy(signal));
  const dir = await newFolder("cassandra");
  const cassandra = store === "local" ? undefined : await startCassandra(dir);
  try {
    for (const name of names) await strikeOne(name, FAULTS[name]!, cassandra);
  } finally {
    await cassandra?.stop();
    await rm(dir, { recursive: true, force: true });
  }
  if (positionals.length === 0 && !values.brief) await writeReport();
}

/** At once: what was started is killed when this process exits, and its disks are unmounted. */
function endBy(signal: "SIGINT" | "SIGTERM"): never {
  process.once("exit", () => {
    if (values.keep) return;
    for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  });
  process.exit(128 + constants.signals[signal]);
}

async function newFolder(name: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `headwater-fault-${name}-`));
  folders.add(folder);
  return folder;
}

async function strikeOne(name: string, fault: Fault, cassandra: WorldCassandra | undefined): Promise<void> {
  const { seed, brief, media } = values;
  const dir = await newFolder(name);
  process.stdout.write(`${name}, ${store} store, seed ${seed}\n`);
  const late = setTimeout(() => {
    process.stderr.write(`faults: ${name} is not done after ${fault.deadlineMs / 1000} s; its logs are in ${dir}\n`);
    process.exit(1);
  }, fault.deadlineMs);
  const report = await runFault({ name, fault, seed, dir, brief, media, cassandra });
  clearTimeout(late);
  // One that could not even begin says nothing of the fault.
  if (!brief && report.passed > 0) await keepRecord({ name, store, seed, fault, report });
  const { passed, failed } = report;
  process.stdout.write(`${name}, ${store} store, seed ${seed}: ${passed} passed, ${failed.length} failed\n\n`);
  const isFailed = failed.length > 0 || passed === 0;
  if (isFailed) process.exitCode = 1;
  if (!isFailed && !values.keep) await rm(dir, { recursive: true, force: true });
  else process.stdout.write(`kept ${dir}\n`);
  folders.delete(dir);
}

async function writeReport(): Promise<void> {
  const before = await readFile(REPORT, "utf8").catch(() => "");
  await writeFile(REPORT, whatWeLose(await readRecords(), before));
  process.stdout.write(`wrote ${REPORT}\n`);
}

async function startCassandra(dir: string): Promise<WorldCassandra> {
  const ownDisks = names.some((name) => FAULTS[name]!.ownDisks);
  const start: Partial<Record<Store, (dir: string) => Promise<WorldCassandra | undefined>>> = {
    cluster3: (at) => startThreeNodes(at, ownDisks),
    regions: (at) => startTwoDatacenters(at),
  };
  const cassandra = await (start[store]?.(dir) ?? cassandraForTests({ shortLived: false }));
  if (cassandra === undefined) throw new Error("Cassandra is missing: node infra/src/install.ts");
  return cassandra;
}
