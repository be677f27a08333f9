import { Agent } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Sent, SentSegments } from "./encoder.ts";
import { describeMs } from "./figures.ts";
import { type Got, get } from "./get.ts";

const PAUSE_MS = 20;

/** Reads the same segments in turn until it is stopped. */
export class CachedReads {
  readonly #tookMs: number[] = [];
  readonly #wrong: string[] = [];
  readonly #running: Promise<void>;
  #stopped = false;

  constructor(encoder: SentSegments, segments: readonly Sent[]) {
    this.#running = this.#run(encoder, segments);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  /** Rejects unless every answer had the bytes. */
  async judge(): Promise<string> {
    const [first] = this.#wrong;
    if (first !== undefined || this.#tookMs.length === 0)
      throw new Error(`${this.#wrong.length} were not, ${this.#tookMs.length} were: ${first}`);
    return describeMs(this.#tookMs);
  }

  async #run(encoder: SentSegments, segments: readonly Sent[]): Promise<void> {
    const agent = new Agent({ keepAlive: true });
    for (let i = 0; !this.#stopped && segments.length > 0; i++) {
      const one = segments[i % segments.length]!;
      const got: Got | Error = await get(encoder.urlOf(one), agent).catch((error: Error) => error);
      if (got instanceof Error) this.#wrong.push(got.message);
      else if (got.status === 200 && got.body.equals(encoder.bytesOf(one))) this.#tookMs.push(got.tookMs);
      else this.#wrong.push(`${got.status} ${got.body.toString().slice(0, 100)}`);
      await sleep(PAUSE_MS);
    }
    agent.destroy();
  }
}
