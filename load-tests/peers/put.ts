import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureParts, startMinio } from "@headwater/infra";
import { pinThisProcess } from "../bench/support/cpu-time.ts";
import { LOAD_CORE } from "../bench/support/edge-servers.ts";
import { LOADS, ROUNDS, ratioOf } from "../bench/support/load-comparison.ts";
import { keptAlivePut } from "../bench/support/put-client.ts";
import { comparePuts, type PutTarget } from "../bench/support/put-comparison.ts";
import { CLUSTER, clusterTarget, EMBEDDED, embeddedTarget, numbered } from "../bench/support/put-targets.ts";
import { atMost, type Result } from "../bench/support/result.ts";
import { startNginxFiles } from "./nginx-files.ts";
import { BUCKET, MINIO } from "./servers.ts";
import { versions } from "./versions.ts";

const GOAL = 0.5;
const NGINX_DAV = "nginx, DAV";

/** A 2 MiB PUT to its acknowledgement: Headwater on both its stores, MinIO and nginx, on one disk. Takes four minutes. */
export async function run(): Promise<Result> {
  const missing = await ensureParts(["cassandra", "memcached", "redis-server", "nginx", "minio"]);
  if (missing.length > 0) throw new Error(`this benchmark needs ${missing.join(", ")}`);
  const dir = await mkdtemp(join(tmpdir(), "headwater-bench-"));
  const stops: (() => Promise<void>)[] = [() => rm(dir, { recursive: true, force: true })];
  try {
    const targets = [
      await clusterTarget(dir, stops),
      await embeddedTarget(dir, stops),
      await minioTarget(dir, stops),
      await nginxTarget(dir, stops),
    ];
    const unpin = pinThisProcess(LOAD_CORE);
    stops.push(async () => unpin());
    const rows = await comparePuts(targets);
    const verdict = [CLUSTER, EMBEDDED].flatMap((ours) =>
      LOADS.flatMap((load) =>
        (["p50Ms", "p99Ms"] as const).map((share) => {
          const ratio = ratioOf(rows, load, share, ours, MINIO);
          return `${share.slice(0, 3)}, ${load}, ${ours} / MinIO: ${atMost(ratio, GOAL)}`;
        }),
      ),
    );
    return {
      title: `put: 2 MiB to its acknowledgement, ${ROUNDS} interleaved rounds, the client on core 1, the servers on both cores`,
      rows,
      verdict: verdict.join("\n"),
      versions: await versions(),
    };
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

async function minioTarget(dir: string, stops: (() => Promise<void>)[]): Promise<PutTarget> {
  const minio = await startMinio({ dir, bucket: BUCKET });
  stops.push(minio.stop);
  return {
    name: MINIO,
    durability: "one drive, bytes and metadata synced, their rename not",
    write: numbered(keptAlivePut(`${minio.url}/${BUCKET}/bench/v1/720p`)),
  };
}

async function nginxTarget(dir: string, stops: (() => Promise<void>)[]): Promise<PutTarget> {
  const nginx = await startNginxFiles(dir);
  stops.push(nginx.stop);
  return {
    name: NGINX_DAV,
    durability: "nothing synced: lost with the power, not with the process",
    write: numbered(keptAlivePut(`${nginx.url}/${BUCKET}/bench/v1/720p`)),
  };
}
