import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureParts, mediaSegment, startHeadwater, startMinio } from "@headwater/infra";
import { pinThisProcess } from "../bench/support/cpu-time.ts";
import { LOAD_CORE } from "../bench/support/edge-servers.ts";
import { keptAliveGet } from "../bench/support/get-client.ts";
import { paced, sequential } from "../bench/support/latency.ts";
import { keptAlivePut } from "../bench/support/put-client.ts";
import { LOADS, ROUNDS, SEGMENT_MS } from "../bench/support/put-comparison.ts";
import { CLUSTER, EMBEDDED, numbered, publisherWriter, startCluster } from "../bench/support/put-targets.ts";
import { quantile, type Result } from "../bench/support/result.ts";
import { BUCKET, MINIO } from "./servers.ts";
import { versions } from "./versions.ts";

const SIZE_BYTES = 2 * 1024 * 1024;
const OBJECTS = 150;
const PER_SECOND = 16;
const PACED_SECONDS = 8;
const WARM_UP = 40;
/** Nothing is kept in the origin's memory, and nobody minds that all of it is DVR. */
const COLD = { HEADWATER_MEMORY_CACHE_BYTES: "0", HEADWATER_DVR_READS_PER_SECOND: "10000" };

type Stops = (() => Promise<void>)[];

interface Target {
  readonly name: string;
  readonly from: string;
  /** Writes the next object, 1 and on. */
  readonly write: (body: Buffer) => Promise<void>;
  readonly readUrl: string;
}

/** A 2 MiB GET that no cache of Headwater's can answer, to its last byte; MinIO reads the same from its drive. Takes three minutes. */
export async function run(): Promise<Result> {
  const missing = await ensureParts(["cassandra", "memcached", "redis-server", "minio"]);
  if (missing.length > 0) throw new Error(`this benchmark needs ${missing.join(", ")}`);
  const dir = await mkdtemp(join(tmpdir(), "headwater-bench-"));
  const stops: Stops = [() => rm(dir, { recursive: true, force: true })];
  try {
    const targets = [await cluster(dir, stops), await embedded(dir, stops), await minio(dir, stops)];
    const body = mediaSegment({ number: 0, durationMs: SEGMENT_MS, sizeBytes: SIZE_BYTES });
    for (const { write } of targets) for (let i = 0; i < OBJECTS; i += 1) await write(body);
    const unpin = pinThisProcess(LOAD_CORE);
    stops.push(async () => unpin());
    const rows = await compare(targets);
    const ratio = (name: string, load: string, share: "p50Ms" | "p99Ms") => {
      const of = (target: string) => rows.find((row) => row.server === target && row.load === load)![share];
      return `${share.slice(0, 3)} ${(of(name) / of(MINIO)).toFixed(2)}`;
    };
    return {
      title: `cold-get: 2 MiB that no cache of Headwater's has, to the last byte, ${ROUNDS} interleaved rounds, the client on core 1, the servers on both cores, files in the system's page cache`,
      rows,
      verdict: [CLUSTER, EMBEDDED]
        .flatMap((name) =>
          LOADS.map((load) => `${load}, ${name} / MinIO: ${ratio(name, load, "p50Ms")}, ${ratio(name, load, "p99Ms")}`),
        )
        .join("\n"),
      versions: await versions(),
    };
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

async function compare(targets: readonly Target[]) {
  const get = keptAliveGet();
  const samples = targets.map((target) => {
    let n = 0;
    const read = async () => {
      n = (n % OBJECTS) + 1;
      const { sizeBytes, cacheStatus } = await get(`${target.readUrl}/${n}.m4s`);
      if (sizeBytes !== SIZE_BYTES) throw new Error(`${target.name}: ${n} has ${sizeBytes} bytes`);
      if (cacheStatus !== undefined && !cacheStatus.includes("detail=store"))
        throw new Error(`not cold: ${cacheStatus}`);
    };
    return { ...target, read, byLoad: LOADS.map((load) => ({ load, tookMs: [] as number[] })) };
  });
  const nothing = () => Buffer.alloc(0);
  for (const { read } of samples) await sequential(WARM_UP, nothing, read);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const { read, byLoad } of samples) byLoad[0]!.tookMs.push(...(await sequential(OBJECTS, nothing, read)));
    for (const { read, byLoad } of samples)
      byLoad[1]!.tookMs.push(...(await paced(PER_SECOND, PACED_SECONDS, nothing, read)));
  }
  return samples.flatMap(({ name, from, byLoad }) =>
    byLoad.map(({ load, tookMs }) => {
      const ms = (share: number) => Number(quantile(tookMs, share).toFixed(1));
      const failed = tookMs.filter((ms) => ms === Number.POSITIVE_INFINITY).length;
      return { server: name, load, n: tookMs.length, failed, p50Ms: ms(0.5), p99Ms: ms(0.99), maxMs: ms(1), from };
    }),
  );
}

/** Memcached is left out: its zones would have all of it. */
async function cluster(dir: string, stops: Stops): Promise<Target> {
  const { HEADWATER_MEMCACHED_ZONES: _, ...env } = (await startCluster(dir, stops)).env;
  const headwater = await startHeadwater({ dir: join(dir, "cluster"), env: { ...env, ...COLD } });
  stops.push(headwater.stop);
  return { name: CLUSTER, from: "Cassandra of one node, four chunks", ...(await publisherWriter(headwater)) };
}

async function embedded(dir: string, stops: Stops): Promise<Target> {
  const headwater = await startHeadwater({ dir: join(dir, "embedded"), env: COLD });
  stops.push(headwater.stop);
  return { name: EMBEDDED, from: "a file", ...(await publisherWriter(headwater)) };
}

async function minio(dir: string, stops: Stops): Promise<Target> {
  const { url, stop } = await startMinio({ dir, bucket: BUCKET });
  stops.push(stop);
  const folder = `${url}/${BUCKET}/bench/v1/720p`;
  return { name: MINIO, from: "a file, checked", write: numbered(keptAlivePut(folder)), readUrl: folder };
}
