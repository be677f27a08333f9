import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  cassandraForTests,
  ensureParts,
  initSegment,
  mediaSegment,
  redisForTests,
  startHeadwater,
  startMemcached,
} from "@headwater/infra";
import { driverWriter } from "./support/driver-writer.ts";
import { paced, sequential } from "./support/latency.ts";
import { keptAlivePut } from "./support/put-client.ts";
import { atMost, quantile, type Result } from "./support/result.ts";

const SIZE_BYTES = 2 * 1024 * 1024;
const SEGMENT_MS = 2000;
const ROUNDS = 3;
const SEQUENTIAL = 150;
const PER_SECOND = 16;
const PACED_SECONDS = 8;
const WARM_UP = 40;
const GOAL = 1.5;
/** Numbers begin so long ago that as many as are needed are due, and none has left the DVR window. */
const STARTED_MS = 3.9 * 3600 * 1000;

const ALONE = "driver alone, same chunks and row";
const CLUSTER = "PUT, cluster";
const EMBEDDED = "PUT, embedded store";

/** Writes one 2 MiB segment, the next of its kind; resolves when it was acknowledged. */
type Write = (body: Buffer) => Promise<void>;

interface Target {
  readonly name: string;
  /** What an acknowledgement means. */
  readonly durability: string;
  readonly write: Write;
}

/** From the first byte of a 2 MiB segment to its acknowledgement. Takes two to three minutes. */
export async function run(): Promise<Result> {
  const missing = await ensureParts(["cassandra", "memcached", "redis-server"]);
  if (missing.length > 0) throw new Error(`this benchmark needs ${missing.join(", ")}`);
  const dir = await mkdtemp(join(tmpdir(), "headwater-bench-"));
  const stops: (() => Promise<void>)[] = [() => rm(dir, { recursive: true, force: true })];
  try {
    const targets = await startTargets(dir, stops);
    const samples = targets.map((target) => ({ ...target, oneByOne: [] as number[], steady: [] as number[] }));
    for (const { write } of samples) await sequential(WARM_UP, bodies(), write);
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const { write, oneByOne } of samples) oneByOne.push(...(await sequential(SEQUENTIAL, bodies(), write)));
      for (const { write, steady } of samples) {
        steady.push(...(await paced(PER_SECOND, PACED_SECONDS, bodies(), write)));
      }
    }
    const rows = samples.flatMap(({ name, durability, oneByOne, steady }) => [
      row(name, "one by one", oneByOne, durability),
      row(name, `${PER_SECOND}/s`, steady, durability),
    ]);
    const ratio = (load: string, share: "p50Ms" | "p99Ms") => {
      const of = (name: string) => rows.find((row) => row.client === name && row.load === load)![share];
      return of(CLUSTER) / of(ALONE);
    };
    return {
      title: `put: 2 MiB to its acknowledgement, ${ROUNDS} interleaved rounds, Cassandra of one node, two memcached zones, Redis`,
      rows,
      verdict: ["one by one", `${PER_SECOND}/s`]
        .map(
          (load) =>
            `p50, ${load}, cluster / driver alone: ${atMost(ratio(load, "p50Ms"), GOAL)}; p99: ${ratio(load, "p99Ms").toFixed(2)}`,
        )
        .join("\n"),
    };
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

/** Starts everything; what is to be stopped is added to `stops`. */
async function startTargets(dir: string, stops: (() => Promise<void>)[]): Promise<Target[]> {
  const started = <T extends { stop(): Promise<void> }>(part: T): T => {
    stops.push(part.stop);
    return part;
  };
  const cassandra = started((await cassandraForTests())!);
  const redis = started((await redisForTests())!);
  const [a, b] = [started(await startMemcached({ dir })), started(await startMemcached({ dir }))];
  const keyspace = `bench_${process.pid}_${Date.now()}`;
  const env = {
    HEADWATER_STORE: "cassandra",
    HEADWATER_CASSANDRA_CONTACT_POINTS: cassandra.contactPoint,
    HEADWATER_CASSANDRA_DATACENTER: cassandra.datacenter,
    HEADWATER_CASSANDRA_KEYSPACE: keyspace,
    HEADWATER_MEMCACHED_ZONES: `a=${a.address};b=${b.address}`,
    HEADWATER_REDIS_URL: redis.url,
  };
  const cluster = started(await startHeadwater({ dir: join(dir, "cluster"), env }));
  const embedded = started(await startHeadwater({ dir: join(dir, "embedded") }));
  const driver = await driverWriter({ ...cassandra, keyspace });
  stops.push(driver.close);
  return [
    { name: ALONE, durability: "one node, commit log synced every 10 s", write: driver.write },
    { name: CLUSTER, durability: "one node, commit log synced every 10 s", write: await publisherWriter(cluster) },
    { name: EMBEDDED, durability: "synced to disk", write: await publisherWriter(embedded) },
  ];
}

async function publisherWriter(headwater: Awaited<ReturnType<typeof startHeadwater>>): Promise<Write> {
  const startTime = new Date(Date.now() - STARTED_MS).toISOString();
  const event = await headwater.createEvent({ id: "bench", timeline: "fixed", startTime, segmentDuration: SEGMENT_MS });
  await event.put("720p/init.mp4", initSegment());
  const put = keptAlivePut(event.publishUrl, event.publishToken);
  let number = 0;
  return async (body) => {
    number += 1;
    await put(`720p/${number}.m4s`, body);
  };
}

/** Segments of which no two are the same. */
function bodies(): () => Buffer {
  const segment = mediaSegment({ number: 0, durationMs: SEGMENT_MS, sizeBytes: SIZE_BYTES });
  return () => {
    const body = Buffer.from(segment);
    randomBytes(64).copy(body, SIZE_BYTES - 64);
    return body;
  };
}

function row(client: string, load: string, samplesMs: readonly number[], durability: string) {
  const ms = (share: number) => Number(quantile(samplesMs, share).toFixed(1));
  return { client, load, n: samplesMs.length, p50Ms: ms(0.5), p99Ms: ms(0.99), maxMs: ms(1), durability };
}
