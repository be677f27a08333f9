import { Agent } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { get } from "./get.ts";

/** GETs at a time. */
const READERS = 3;
const PAUSE_MS = 2;

/** One answer of one origin. Times are `performance.now()`. */
export interface Seen {
  /** As it was given to `watch`. */
  readonly path: string;
  readonly status: number;
  readonly pipeline: string | undefined;
  readonly sentMs: number;
  readonly headMs: number;
}

/** Reads the same few segments of one origin again and again, and remembers every answer. */
export class OriginWatch {
  readonly seen: Seen[] = [];
  /** Reads without an answer, or of another status than 200 and 404. */
  readonly failed: string[] = [];
  readonly #url: string;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #running: Promise<unknown>;
  #paths: readonly string[] = [];
  #stopped = false;

  /** `url`: what the paths come below. */
  constructor(url: string) {
    this.#url = url;
    this.#running = Promise.all(Array.from({ length: READERS }, (_, reader) => this.#run(reader)));
  }

  /** Reads these from now on; what was seen before is forgotten. */
  watch(paths: readonly string[]): void {
    this.#paths = paths;
    this.seen.length = 0;
  }

  /** One read, beside all others. Rejects with GetError. */
  async read(path: string): Promise<Seen> {
    const sentMs = performance.now();
    const { status, pipeline, headMs } = await get(`${this.#url}/${path}`, this.#agent);
    return { path, status, pipeline, sentMs, headMs };
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
    this.#agent.destroy();
  }

  async #run(reader: number): Promise<void> {
    for (let turn = reader; !this.#stopped; turn += 1) {
      const paths = this.#paths;
      const path = paths[turn % paths.length];
      if (path !== undefined) await this.#readOne(path, paths);
      await sleep(PAUSE_MS);
    }
  }

  async #readOne(path: string, paths: readonly string[]): Promise<void> {
    try {
      const one = await this.read(path);
      if (one.status !== 200 && one.status !== 404) this.failed.push(`${path}: ${one.status}`);
      // What was asked for before is no longer of interest.
      if (paths === this.#paths) this.seen.push(one);
    } catch (error) {
      this.failed.push(`${path}: ${(error as Error).message}`);
    }
  }
}
