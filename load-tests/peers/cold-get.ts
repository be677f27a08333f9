import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureParts, mediaSegment, startHeadwater, startMinio } from "@headwater/infra";
import { pinThisProcess } from "../bench/support/cpu-time.ts";
import { LOAD_CORE } from "../bench/support/edge-servers.ts";
import { keptAliveGet } from "../bench/support/get-client.ts";
import { compareLoads, LOADS, ROUNDS, ratioOf, SEQUENTIAL } from "../bench/support/load-comparison.ts";
import { keptAlivePut } from "../bench/support/put-client.ts";
import { SEGMENT_MS } from "../bench/support/put-comparison.ts";
import { CLUSTER, EMBEDDED, numbered, publisherWriter, startCluster } from "../bench/support/put-targets.ts";
import type { Result } from "../bench/support/result.ts";
import { BUCKET, MINIO } from "./servers.ts";
import { versions } from "./versions.ts";

const SIZE_BYTES = 2 * 1024 * 1024;
/** Read again and again, each as often as the others. */
const OBJECTS = SEQUENTIAL;
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
    const get = keptAliveGet();
    const rows = await compareLoads(targets.map((target) => ({ name: target.name, work: reader(target, get) })));
    const ratio = (name: string, load: string, share: "p50Ms" | "p99Ms") =>
      `${share.slice(0, 3)} ${ratioOf(rows, load, share, name, MINIO).toFixed(2)}`;
    return {
      title: `cold-get: 2 MiB that no cache of Headwater's has, to the last byte, ${ROUNDS} interleaved rounds, the client on core 1, the servers on both cores, files in the system's page cache`,
      rows: rows.map((row) => ({ ...row, from: targets.find(({ name }) => name === row.client)!.from })),
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

/** Reads the next object, and rejects where a cache of Headwater's had it after all. */
function reader({ name, readUrl }: Target, get: ReturnType<typeof keptAliveGet>): () => Promise<void> {
  let n = 0;
  return async () => {
    n = (n % OBJECTS) + 1;
    const { sizeBytes, cacheStatus } = await get(`${readUrl}/${n}.m4s`);
    if (sizeBytes !== SIZE_BYTES) throw new Error(`${name}: ${n} has ${sizeBytes} bytes`);
    if (cacheStatus !== undefined && !cacheStatus.includes("detail=store")) throw new Error(`not cold: ${cacheStatus}`);
  };
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
