import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ensureParts, initSegment, mediaSegment, startHeadwater, startMinio } from "@headwater/infra";
import { pinThisProcess } from "../bench/support/cpu-time.ts";
import { LOAD_CORE } from "../bench/support/edge-servers.ts";
import { ROUNDS } from "../bench/support/load-comparison.ts";
import { keptAlivePut } from "../bench/support/put-client.ts";
import { SEGMENT_MS } from "../bench/support/put-comparison.ts";
import { CLUSTER, EMBEDDED, publisher, startCluster } from "../bench/support/put-targets.ts";
import { median, quantile, type Result } from "../bench/support/result.ts";
import { startNginxFiles } from "./nginx-files.ts";
import { BUCKET, MINIO } from "./servers.ts";
import { versions } from "./versions.ts";

/** Eight renditions of two pipelines. */
const TOGETHER = 16;
const SIZE_BYTES = 200_000;
const TIMES = 20;
const WARM_UP = 5;
const EVERY_MS = 1_000;

type Put = (path: string, body: Buffer) => Promise<void>;
type Stops = (() => Promise<void>)[];

interface Target {
  readonly name: string;
  readonly put: Put;
  /** Of each PUT, in ms. */
  readonly allMs: number[];
  /** Of the last of those that were sent together. */
  readonly lastMs: number[];
}

/** The segments of 16 renditions are PUT at one moment, as they end at one moment. Takes six minutes. */
export async function run(): Promise<Result> {
  const missing = await ensureParts(["cassandra", "memcached", "redis-server", "nginx", "minio"]);
  if (missing.length > 0) throw new Error(`this benchmark needs ${missing.join(", ")}`);
  const dir = await mkdtemp(join(tmpdir(), "headwater-bench-"));
  const stops: Stops = [() => rm(dir, { recursive: true, force: true })];
  try {
    const targets = [
      await headwater(CLUSTER, join(dir, "cluster"), stops, (await startCluster(dir, stops)).env),
      await headwater(EMBEDDED, join(dir, "embedded"), stops),
      await minio(dir, stops),
      await nginx(dir, stops),
    ];
    const unpin = pinThisProcess(LOAD_CORE);
    stops.push(async () => unpin());
    for (const { put } of targets) await sendTogether(put, 1, WARM_UP);
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const { put, allMs, lastMs } of targets) {
        for (const tookMs of await sendTogether(put, 1 + WARM_UP + round * TIMES, TIMES)) {
          allMs.push(...tookMs);
          lastMs.push(Math.max(...tookMs));
        }
      }
    }
    const ofMinio = targets.find(({ name }) => name === MINIO)!;
    return {
      title: `put-together: ${TOGETHER} × ${SIZE_BYTES / 1000} kB at once, ${ROUNDS} interleaved rounds, the client on core 1, the servers on both cores`,
      rows: targets.map(row),
      verdict: [CLUSTER, EMBEDDED]
        .map((name) => {
          const { lastMs } = targets.find((target) => target.name === name)!;
          return `until the last is acknowledged, p50, ${name} / MinIO: ${(median(lastMs) / median(ofMinio.lastMs)).toFixed(2)}`;
        })
        .join("\n"),
      versions: await versions(),
    };
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

/** Resolves to how long each took, for each time. */
async function sendTogether(put: Put, from: number, times: number): Promise<number[][]> {
  const segment = mediaSegment({ number: 0, durationMs: SEGMENT_MS, sizeBytes: SIZE_BYTES });
  const tookMs: number[][] = [];
  for (let number = from; number < from + times; number += 1) {
    const bodies = Array.from({ length: TOGETHER }, () => {
      const body = Buffer.from(segment);
      randomBytes(64).copy(body, SIZE_BYTES - 64);
      return body;
    });
    const startMs = performance.now();
    const one = async (body: Buffer, rendition: number) => {
      await put(`r${rendition}/${number}.m4s`, body);
      return performance.now() - startMs;
    };
    tookMs.push(await Promise.all(bodies.map(one)));
    await sleep(Math.max(0, startMs + EVERY_MS - performance.now()));
  }
  return tookMs;
}

function row({ name, allMs, lastMs }: Target) {
  const ms = (samples: readonly number[], share: number) => Number(quantile(samples, share).toFixed(1));
  return {
    client: name,
    n: allMs.length,
    p50Ms: ms(allMs, 0.5),
    p99Ms: ms(allMs, 0.99),
    lastP50Ms: ms(lastMs, 0.5),
    lastMaxMs: ms(lastMs, 1),
  };
}

async function headwater(
  name: string,
  dir: string,
  stops: Stops,
  env: Readonly<Record<string, string>> = {},
): Promise<Target> {
  const started = await startHeadwater({ dir, env });
  stops.push(started.stop);
  const { put } = await publisher(started);
  for (let rendition = 0; rendition < TOGETHER; rendition += 1) await put(`r${rendition}/init.mp4`, initSegment());
  return { name, put, allMs: [], lastMs: [] };
}

async function minio(dir: string, stops: Stops): Promise<Target> {
  const { url, stop } = await startMinio({ dir, bucket: BUCKET });
  stops.push(stop);
  return { name: MINIO, put: keptAlivePut(`${url}/${BUCKET}/bench/v1`), allMs: [], lastMs: [] };
}

async function nginx(dir: string, stops: Stops): Promise<Target> {
  const { url, stop } = await startNginxFiles(dir);
  stops.push(stop);
  return { name: "nginx, DAV", put: keptAlivePut(`${url}/${BUCKET}/bench/v1`), allMs: [], lastMs: [] };
}
