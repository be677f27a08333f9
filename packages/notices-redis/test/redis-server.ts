import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { Redis } from "ioredis";

/** Whether the machine has a Redis; where everything must be tested its absence is an error. */
export function haveRedis(): boolean {
  if (!spawnSync("redis-server", ["--version"]).error) return true;
  if (process.env.CI === "true") throw new Error("redis-server is not installed");
  console.warn("SKIPPED: redis-server is not installed, so notices over Redis are not tested");
  return false;
}

/** A Redis of its own on a free port of the loopback, that can be killed, frozen and started again. */
export class RedisServer {
  readonly port: number;
  readonly url: string;
  #process: ChildProcess | undefined;

  private constructor(port: number) {
    this.port = port;
    this.url = `redis://127.0.0.1:${port}`;
  }

  static async start(): Promise<RedisServer> {
    const server = new RedisServer(await freePort());
    await server.start();
    return server;
  }

  async start(): Promise<void> {
    const settings = ["--port", String(this.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
    this.#process = spawn("redis-server", settings, { stdio: "ignore" });
    const client = new Redis(this.url, { lazyConnect: true, retryStrategy: () => 20, maxRetriesPerRequest: null });
    client.on("error", () => {});
    await Promise.race([client.ping(), delay(10_000, undefined, { ref: false })]);
    client.disconnect();
  }

  /** Loses every connection at once. */
  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (!child) return;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  }

  /** Connections stay, and nothing is answered. */
  freeze(): void {
    this.#process?.kill("SIGSTOP");
  }

  thaw(): void {
    this.#process?.kill("SIGCONT");
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  return typeof address === "object" && address ? address.port : 0;
}
