import { join } from "node:path";
import { findBinary } from "./binaries.ts";
import { ask, freePort } from "./ports.ts";
import { type Part, startPart } from "./process.ts";

export interface Memcached extends Part {
  readonly port: number;
  /** `host:port`, as in HEADWATER_MEMCACHED_ZONES. */
  readonly address: string;
}

/** One memcached node on a loopback port. `memoryMb`: room for items. `maxItem`: largest item, as memcached's `-I` takes it. */
export async function startMemcached(options: {
  dir: string;
  port?: number;
  memoryMb?: number;
  maxItem?: string;
  outliveUs?: boolean;
}): Promise<Memcached> {
  const { dir, memoryMb = 64, maxItem = "2m", outliveUs = false } = options;
  const port = options.port ?? (await freePort());
  const part = await startPart({
    name: "memcached",
    command: findBinary("memcached") ?? "memcached",
    args: [
      "-l",
      "127.0.0.1",
      "-p",
      `${port}`,
      "-U",
      "0",
      "-m",
      `${memoryMb}`,
      "-I",
      maxItem,
      "-c",
      "4096",
      ...asRoot(),
    ],
    logFile: join(dir, `memcached-${port}.log`),
    ready: () => ask({ port }, [Buffer.from("version\r\n")], (reply) => reply.includes("\r\n")),
    outliveUs,
  });
  return { ...part, port, address: `127.0.0.1:${port}` };
}

/** memcached refuses to run as root unless it is told to. */
function asRoot(): string[] {
  return process.getuid?.() === 0 ? ["-u", "root"] : [];
}
