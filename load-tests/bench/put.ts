import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureParts } from "@headwater/infra";
import { driverWriter } from "./support/driver-writer.ts";
import { LOADS, ROUNDS, ratioOf } from "./support/load-comparison.ts";
import { comparePuts } from "./support/put-comparison.ts";
import { CLUSTER, COMMIT_LOG, clusterTarget, embeddedTarget } from "./support/put-targets.ts";
import { atMost, type Result } from "./support/result.ts";

const GOAL = 1.5;
const ALONE = "driver alone, same chunks and row";

/** From the first byte of a 2 MiB segment to its acknowledgement. Takes two to three minutes. */
export async function run(): Promise<Result> {
  const missing = await ensureParts(["cassandra", "memcached", "redis-server"]);
  if (missing.length > 0) throw new Error(`this benchmark needs ${missing.join(", ")}`);
  const dir = await mkdtemp(join(tmpdir(), "headwater-bench-"));
  const stops: (() => Promise<void>)[] = [() => rm(dir, { recursive: true, force: true })];
  try {
    const cluster = await clusterTarget(dir, stops);
    const driver = await driverWriter(cluster);
    stops.push(driver.close);
    const alone = { name: ALONE, durability: COMMIT_LOG, write: driver.write };
    const rows = await comparePuts([alone, cluster, await embeddedTarget(dir, stops)]);
    return {
      title: `put: 2 MiB to its acknowledgement, ${ROUNDS} interleaved rounds, Cassandra of one node, two memcached zones, Redis`,
      rows,
      verdict: LOADS.map((load) => {
        const ratio = (share: "p50Ms" | "p99Ms") => ratioOf(rows, load, share, CLUSTER, ALONE);
        return `p50, ${load}, cluster / driver alone: ${atMost(ratio("p50Ms"), GOAL)}; p99: ${ratio("p99Ms").toFixed(2)}`;
      }).join("\n"),
    };
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}
