import { createHash, createHmac } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { findBinary } from "./binaries.ts";
import { freePort } from "./ports.ts";
import { type Part, startPart } from "./process.ts";
import { until } from "./until.ts";

const KEY = "headwater";
const SECRET = "of-this-run-only";
const REGION = "us-east-1";
const EXPIRES_S = 60;
const READY_MS = 30_000;
const CALL_TIMEOUT_MS = 10_000;

export interface Minio extends Part {
  readonly port: number;
  readonly url: string;
}

/**
 * MinIO with one drive in `dir`, on loopback ports. Anyone may GET and PUT in its bucket: objects are plain
 * `{url}/{bucket}/{key}`, and it checks no signature, so that it is measured at its cheapest.
 */
export async function startMinio(options: { dir: string; bucket: string; port?: number }): Promise<Minio> {
  const { dir, bucket } = options;
  const port = options.port ?? (await freePort());
  const url = `http://127.0.0.1:${port}`;
  const drive = join(dir, `minio-${port}`);
  mkdirSync(drive, { recursive: true });
  const part = await startPart({
    name: "minio",
    command: findBinary("minio") ?? "minio",
    args: ["server", drive, "--address", `127.0.0.1:${port}`, "--quiet"],
    env: {
      PATH: process.env.PATH,
      HOME: dir,
      MINIO_ROOT_USER: KEY,
      MINIO_ROOT_PASSWORD: SECRET,
      MINIO_BROWSER: "off",
      MINIO_UPDATE: "off",
    },
    logFile: join(dir, `minio-${port}.log`),
    ready: () => answers2xx(`${url}/minio/health/ready`),
    readyMs: READY_MS,
  });
  try {
    // Ready is not yet initialised.
    await until(() => answers2xx(presignedPut(url, `/${bucket}`), "PUT"), READY_MS);
    await answers2xx(presignedPut(url, `/${bucket}`, "policy"), "PUT", openToAll(bucket));
  } catch (error) {
    await part.stop();
    throw error;
  }
  return { ...part, port, url };
}

async function answers2xx(url: string, method = "GET", body?: string): Promise<void> {
  const signal = AbortSignal.timeout(CALL_TIMEOUT_MS);
  const answer = await fetch(url, { method, signal, ...(body !== undefined && { body }) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`MinIO: ${method} ${new URL(url).pathname}: ${answer.status} ${text}`);
}

function openToAll(bucket: string): string {
  const statement = {
    Effect: "Allow",
    Principal: { AWS: ["*"] },
    // Without ListBucket a missing object would be 403.
    Action: ["s3:GetObject", "s3:PutObject", "s3:ListBucket"],
    Resource: [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`],
  };
  return JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
}

/** A URL that carries its own AWS Signature Version 4. `subresource`: of the bucket, as `policy`. */
function presignedPut(url: string, path: string, subresource?: string): string {
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  const day = time.slice(0, 8);
  const scope = `${day}/${REGION}/s3/aws4_request`;
  const query = new URLSearchParams({
    "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
    "X-Amz-Credential": `${KEY}/${scope}`,
    "X-Amz-Date": time,
    "X-Amz-Expires": `${EXPIRES_S}`,
    "X-Amz-SignedHeaders": "host",
    ...(subresource !== undefined && { [subresource]: "" }),
  });
  const request = ["PUT", path, query, `host:${new URL(url).host}\n`, "host", "UNSIGNED-PAYLOAD"].join("\n");
  const digest = createHash("sha256").update(request).digest("hex");
  const hmac = (key: string | Buffer, text: string) => createHmac("sha256", key).update(text).digest();
  const key = [day, REGION, "s3", "aws4_request"].reduce<string | Buffer>(hmac, `AWS4${SECRET}`);
  const signature = hmac(key, `AWS4-HMAC-SHA256\n${time}\n${scope}\n${digest}`).toString("hex");
  return `${url}${path}?${query}&X-Amz-Signature=${signature}`;
}
