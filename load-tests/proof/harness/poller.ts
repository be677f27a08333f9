import { Agent, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

const POLL_MS = 100;
const TIMEOUT_MS = 15_000;
/** Held requests wait for seconds; more than this many would be a fault of the origin's. */
const MAX_OPEN = 500;

export interface Polled {
  readonly number: number;
  /** Undefined when no answer came. */
  readonly status: number | undefined;
  /** What `Headwater-Max-Age-Ms` says. */
  readonly lifetimeMs: number;
  /** When it was asked, and when its head came; ms since the Unix epoch. */
  readonly askedMs: number;
  readonly atMs: number;
}

/** Asks one origin for a few numbers ten times a second, and keeps every answer. */
export class Poller {
  readonly answers: Polled[] = [];
  readonly #agent = new Agent({ keepAlive: true });
  readonly #open = new Set<Promise<void>>();
  readonly #running: Promise<void>;
  #stopped = false;

  /** `urlOf`: of a number; `numbers`: those to ask for now. */
  constructor(urlOf: (number: number) => string, numbers: () => readonly number[]) {
    this.#running = this.#run(urlOf, numbers);
  }

  /** Resolves when everything that was asked has been answered. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
    await Promise.all(this.#open);
    this.#agent.destroy();
  }

  async #run(urlOf: (number: number) => string, numbers: () => readonly number[]): Promise<void> {
    while (!this.#stopped) {
      for (const number of numbers()) {
        if (this.#open.size >= MAX_OPEN) break;
        const one: Promise<void> = this.#ask(urlOf(number), number).finally(() => this.#open.delete(one));
        this.#open.add(one);
      }
      await sleep(POLL_MS);
    }
  }

  #ask(url: string, number: number): Promise<void> {
    const askedMs = Date.now();
    return new Promise((resolve) => {
      const end = (status: number | undefined, lifetimeMs: number) => {
        this.answers.push({ number, status, lifetimeMs, askedMs, atMs: Date.now() });
        resolve();
      };
      const req = request(url, { agent: this.#agent, signal: AbortSignal.timeout(TIMEOUT_MS) }, (res) => {
        end(res.statusCode, Number(res.headers["headwater-max-age-ms"]));
        res.on("error", () => {}).resume();
      });
      req.on("error", () => end(undefined, 0)).end();
    });
  }
}
