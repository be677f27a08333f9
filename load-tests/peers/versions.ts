import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { CASSANDRA_VERSION, findBinary, MINIO_VERSION, ROOT } from "@headwater/infra";

const ASKED: Readonly<Record<string, { program: string; flag: string; version: RegExp }>> = {
  Varnish: { program: "varnishd", flag: "-V", version: /varnish-([\d.]+)/ },
  nginx: { program: "nginx", flag: "-v", version: /nginx\/([\d.]+)/ },
  // Built by `go install` it does not know its own version.
  MinIO: { program: "minio", flag: "--version", version: /(RELEASE\.\S+)/ },
  memcached: { program: "memcached", flag: "-V", version: /memcached ([\d.]+)/ },
  Redis: { program: "redis-server", flag: "--version", version: /v=([\d.]+)/ },
};
const UNTOLD: Readonly<Record<string, string>> = { MinIO: MINIO_VERSION };

/** Versions of everything that takes part, as the programs on this machine tell them. */
export async function versions(): Promise<Record<string, string>> {
  const { version } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"));
  const told: Record<string, string> = { Headwater: version, Node: process.version, Cassandra: CASSANDRA_VERSION };
  for (const [name, { program, flag, version }] of Object.entries(ASKED)) {
    const path = findBinary(program);
    if (!path) continue;
    const { stdout, stderr } = await promisify(execFile)(path, [flag]);
    told[name] = version.exec(stdout + stderr)?.[1] ?? UNTOLD[name] ?? "unknown";
  }
  return told;
}
