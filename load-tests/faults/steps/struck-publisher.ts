import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort, type Service, startPublisherBeside, until } from "@headwater/infra";
import type { Headwater } from "../../proof/harness/headwater.ts";
import { STEPS_FILE } from "./step.ts";

const PRELOAD = join(import.meta.dirname, "stop-at-step.ts");
const READY_MS = 30_000;
const STEPS_MS = 30_000;
const DEATH_MS = 10_000;

/** A publisher beside the others, whose writes stop where they are told to. It is started again on the same port. */
export class StruckPublisher {
  readonly url: string;
  readonly #dir: string;
  readonly #env: NodeJS.ProcessEnv;
  #running: Service | undefined;

  private constructor(dir: string, env: NodeJS.ProcessEnv, listen: string) {
    this.url = `http://${listen}`;
    this.#dir = dir;
    this.#env = { ...env, HEADWATER_PUBLISHER_LISTEN: listen };
  }

  static async start(dir: string, { storeSettings }: Headwater): Promise<StruckPublisher> {
    const env = { ...storeSettings, NODE_OPTIONS: `--import=${PRELOAD}`, [STEPS_FILE]: join(dir, "steps.log") };
    const publisher = new StruckPublisher(dir, env, `127.0.0.1:${await freePort()}`);
    await publisher.startAgain();
    return publisher;
  }

  /** Resolves when it is ready, to how long that took in ms. */
  async startAgain(): Promise<number> {
    const begunMs = performance.now();
    this.#running = await startPublisherBeside({ dir: this.#dir, env: this.#env, readyMs: READY_MS });
    return performance.now() - begunMs;
  }

  /** Resolves when all of these writes have got to their step. */
  async haveReached(ids: readonly string[]): Promise<void> {
    await until(async () => {
      const reached = new Set((await readFile(this.#env[STEPS_FILE]!, "utf8")).split("\n"));
      const missing = ids.filter((id) => !reached.has(id));
      if (missing.length > 0) throw new Error(`${missing.length} have not reached their step: ${missing.slice(0, 4)}`);
    }, STEPS_MS);
  }

  /** Resolves when it has died. */
  async isDead(): Promise<void> {
    await until(async () => {
      if (this.#running?.running()) throw new Error("the publisher still lives");
    }, DEATH_MS);
  }

  async stop(): Promise<void> {
    await this.#running?.stop();
  }
}
