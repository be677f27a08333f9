import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";

/** Whether the machine has a Redis; where everything must be tested its absence is an error. */
export function haveRedis(): boolean {
  if (!spawnSync("redis-server", ["--version"]).error) return true;
  if (process.env.CI === "true") throw new Error("redis-server is not installed");
  console.warn("SKIPPED: redis-server is not installed, so jobs over BullMQ are not tested");
  return false;
}

/** A Redis on a port of its own, that forgets everything when it is stopped. */
export class RedisServer {
  readonly url: string;
  readonly #port: number;
  #process: ChildProcess | undefined;

  private constructor(port: number) {
    this.#port = port;
    this.url = `redis://127.0.0.1:${port}`;
  }

  /** One that does not run yet. */
  static async prepared(): Promise<RedisServer> {
    const probe = createServer().listen(0, "127.0.0.1");
    await once(probe, "listening");
    const { port } = probe.address() as { port: number };
    probe.close();
    await once(probe, "close");
    return new RedisServer(port);
  }

  start(): void {
    const settings = ["--port", String(this.#port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
    this.#process = spawn("redis-server", settings, { stdio: "ignore" });
  }

  async stop(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (!child) return;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  }
}
