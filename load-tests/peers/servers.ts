import { type Edge, ensureParts, startMinio } from "@headwater/infra";
import { pin } from "../bench/support/cpu-time.ts";
import { type Published, SERVER_CORE, type Server } from "../bench/support/edge-servers.ts";
import { startNginxFiles } from "./nginx-files.ts";

export const NGINX = "nginx, static files";
export const MINIO = "MinIO";

/** The first folder of every media path, and so the bucket. */
export const BUCKET = "live";

/** Installs what the comparison of servers needs beside the benchmarks' own; the first time it takes minutes. */
export async function ensureStores(): Promise<void> {
  const missing = await ensureParts(["nginx", "minio"]);
  if (missing.length > 0) throw new Error(`the peers need ${missing.join(" and ")}`);
}

/** nginx and MinIO. */
export async function startStores(published: Published): Promise<Server[]> {
  const nginx = await nginxWith(published);
  try {
    return [nginx, await serverWith(MINIO, await startMinio({ dir: published.dir, bucket: BUCKET }), published)];
  } catch (error) {
    await nginx.stop();
    throw error;
  }
}

export async function nginxWith(published: Published): Promise<Server> {
  return serverWith(NGINX, await startNginxFiles(published.dir), published);
}

/** The server on the servers' core with the bytes at the path, put there over its own API. */
async function serverWith(server: string, started: Omit<Edge, "port">, { path, bytes }: Published): Promise<Server> {
  try {
    pin(started.pid, SERVER_CORE);
    const signal = AbortSignal.timeout(10_000);
    const answer = await fetch(started.url + path, { method: "PUT", body: bytes as Uint8Array<ArrayBuffer>, signal });
    if (!answer.ok) throw new Error(`${server}: PUT ${path}: ${answer.status} ${await answer.text()}`);
    return { server, ...started };
  } catch (error) {
    await started.stop();
    throw error;
  }
}
