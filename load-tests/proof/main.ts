// `npm run proof [-- name…] [--store local|cluster] [--redis up|stopped] [--seconds 60]`: real encoders' streams go in, and the same bytes
// come out, to players and through edges. Prints a line for each check; the exit code is not 0 when one failed.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cassandraForTests, commandLine, memcachedForTests, redisForTests } from "@headwater/infra";
import { clusterSettings } from "./harness/cluster.ts";
import { startHeadwater } from "./harness/headwater.ts";
import { Report } from "./harness/report.ts";
import { browser } from "./scenarios/browser.ts";
import { clockStep } from "./scenarios/clock-step.ts";
import { edgeClock } from "./scenarios/edge-clock.ts";
import { encoders } from "./scenarios/encoders.ts";
import { follow } from "./scenarios/follow.ts";
import { restart } from "./scenarios/restart.ts";
import type { Scenario } from "./scenarios/scenario.ts";
import { slowStore } from "./scenarios/slow-store.ts";
import { storm404 } from "./scenarios/storm-404.ts";
import { tracks } from "./scenarios/tracks.ts";
import { visible } from "./scenarios/visible.ts";

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  encoders,
  browser,
  tracks,
  restart,
  follow,
  "storm-404": storm404,
  "clock-step": clockStep,
  "edge-clock": edgeClock,
  visible,
  "slow-store": slowStore,
};
/** These run on the cluster only: alone they choose it, among all they are left out without it. */
const CLUSTER_ONLY = ["slow-store"];
const USAGE = `npm run proof [-- name…] [--store local|cluster] [--redis up|stopped] [--seconds 60] [--keep]
  names: ${Object.keys(SCENARIOS).join(", ")}; all of them when none is given
  ${CLUSTER_ONLY.join(", ")} on the cluster only
  --redis stopped kills the cluster's Redis once Headwater is ready, and leaves it dead
  --keep leaves the folder with data, logs and the encoders' copies
`;

const { positionals, values } = commandLine(USAGE, {
  store: { type: "string", default: "local" },
  redis: { type: "string", default: "up" },
  seconds: { type: "string", default: "60" },
  keep: { type: "boolean", default: false },
});
const seconds = Number(values.seconds);
const isCluster = values.store === "cluster" || (positionals.length > 0 && positionals.every(needsCluster));
const names =
  positionals.length > 0 ? positionals : Object.keys(SCENARIOS).filter((name) => isCluster || !needsCluster(name));
const isWrong =
  names.some((name) => !Object.hasOwn(SCENARIOS, name)) ||
  !["local", "cluster"].includes(values.store) ||
  !["up", "stopped"].includes(values.redis) ||
  (values.redis === "stopped" && (!isCluster || process.env.HEADWATER_TEST_REDIS !== undefined)) ||
  (!isCluster && names.some(needsCluster)) ||
  !(seconds >= 10 && seconds <= 3600);

if (isWrong) {
  process.stderr.write(USAGE);
  process.exitCode = 2;
} else {
  const deadlineMs = names.length * (4 * seconds + 180) * 1000;
  setTimeout(() => {
    process.stderr.write(`proof: not done after ${deadlineMs / 1000} s\n`);
    process.exit(1);
  }, deadlineMs).unref();
  await prove();
}

function needsCluster(name: string): boolean {
  return CLUSTER_ONLY.includes(name);
}

async function prove(): Promise<void> {
  const stops: (() => Promise<void>)[] = [];
  try {
    const cluster = isCluster ? await startCluster(stops) : undefined;
    for (const name of names) {
      const report = new Report(name);
      const dir = await mkdtemp(join(tmpdir(), `headwater-proof-${name}-`));
      const headwater = await startHeadwater(dir, cluster?.settings);
      if (values.redis === "stopped") await cluster?.redis.stop();
      let failure: unknown;
      try {
        await SCENARIOS[name]!({
          headwater,
          report,
          settings: cluster?.settings ?? {},
          seconds,
          dir: join(dir, "scene"),
        });
      } catch (error) {
        failure = error;
      }
      await headwater.stop();
      if (failure !== undefined) await report.check("went through", () => Promise.reject(failure));
      summarise(name, report);
      if (values.keep) report.note(`kept ${dir}`);
      else await rm(dir, { recursive: true, force: true });
    }
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

function summarise(name: string, { passed, failed }: Report): void {
  const store = values.redis === "stopped" ? "cluster without Redis" : `${isCluster ? "cluster" : "local"} store`;
  const verdict = `proof of ${name}, ${store}, ${seconds} s: ${passed} passed, ${failed.length} failed`;
  process.stdout.write(`${[verdict, ...failed.map((check) => `  failed: ${check}`)].join("\n")}\n`);
  if (failed.length > 0 || passed === 0) process.exitCode = 1;
}

async function startCluster(stops: (() => Promise<void>)[]) {
  const started = async <T extends { stop(): Promise<void> }>(part: Promise<T | undefined>): Promise<T> => {
    const there = await part;
    if (there === undefined) throw new Error("the cluster's parts are missing: node infra/src/install.ts");
    stops.push(there.stop);
    return there;
  };
  const cassandra = await started(cassandraForTests({ shortLived: false }));
  const memcached = await started(memcachedForTests());
  const redis = await started(redisForTests());
  return { settings: clusterSettings({ cassandra, memcached, redis }), redis };
}
