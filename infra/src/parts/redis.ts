import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { findBinary } from "./binaries.ts";
import { ask, freePort } from "./ports.ts";
import { type Part, startPart } from "./process.ts";

export interface Redis extends Part {
  readonly port: number;
  readonly url: string;
}

/** One Redis on a loopback port, in memory only. It never evicts, which BullMQ demands. */
export async function startRedis(options: { dir: string; port?: number; outliveUs?: boolean }): Promise<Redis> {
  const { dir, outliveUs = false } = options;
  const port = options.port ?? (await freePort());
  mkdirSync(dir, { recursive: true });
  const settings = {
    bind: "127.0.0.1",
    port: `${port}`,
    dir,
    save: "",
    appendonly: "no",
    "maxmemory-policy": "noeviction",
    daemonize: "no",
  };
  const part = await startPart({
    name: "redis-server",
    command: findBinary("redis-server") ?? "redis-server",
    args: Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]),
    logFile: join(dir, `redis-${port}.log`),
    ready: () => ask({ port }, [Buffer.from("PING\r\n")], (reply) => reply.includes("+PONG")),
    outliveUs,
  });
  return { ...part, port, url: `redis://127.0.0.1:${port}` };
}
