import { Agent } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Sent, SentSegments } from "./encoder.ts";
import { describeMs } from "./figures.ts";
import { get } from "./get.ts";
import { isAcknowledged } from "./put.ts";
import { seededRandom } from "./random.ts";

const PAUSE_MS = 20;
/** How long an edge may keep that something is missing which was acknowledged: not longer than it takes to ask again. */
const MISSING_KEPT_MS = 1_000;

/** One answer for a segment that had been acknowledged when it was asked for. */
export interface FarRead {
  readonly atMs: number;
  /** `whole`, or the status. */
  readonly got: "whole" | "torn" | "no answer" | number;
  readonly keptMs: number;
  readonly tookMs: number;
}

/** Reads acknowledged segments in a region that may not have them yet, new ones and old ones, and keeps every answer. */
export class FarReads {
  readonly reads: FarRead[] = [];
  readonly #running: Promise<unknown>;
  #stopped = false;

  constructor(published: SentSegments, seed: string, count = 2) {
    const run = (_: unknown, i: number) => this.#run(published, seededRandom(`${seed}/far ${i}`));
    this.#running = Promise.all(Array.from({ length: count }, run));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  between(fromMs: number, toMs: number): FarRead[] {
    return this.reads.filter(({ atMs }) => atMs >= fromMs && atMs < toMs);
  }

  /**
   * Rejects where an answer was wrong and would have stayed so: other bytes, a 410, a 404 for longer than a second, or
   * none at all. Resolves to what there was, in words.
   */
  async judge(): Promise<string> {
    const lies = this.reads.filter(
      ({ got, keptMs }) => (got !== "whole" && got !== 404 && got !== 503) || (got === 404 && keptMs > MISSING_KEPT_MS),
    );
    if (lies.length > 0) throw new Error(`${lies.length} of ${this.reads.length}: ${told(lies)}`);
    return told(this.reads);
  }

  async #run({ sent, urlOf, bytesOf }: SentSegments, random: () => number): Promise<void> {
    const agent = new Agent({ keepAlive: true });
    for (let i = 0; !this.#stopped; i++) {
      const acknowledged = sent.filter(isAcknowledged);
      const newest = i % 2 === 0 ? Math.max(0, acknowledged.length - 16) : 0;
      const one = acknowledged[newest + Math.floor(random() * (acknowledged.length - newest))];
      if (one !== undefined) this.reads.push(await read(one));
      await sleep(PAUSE_MS);
    }
    agent.destroy();

    async function read(one: Sent): Promise<FarRead> {
      const atMs = performance.now();
      try {
        const { status, body, maxAgeMs: keptMs = 0, tookMs } = await get(urlOf(one), agent);
        const got = status !== 200 ? status : body.equals(bytesOf(one)) ? "whole" : "torn";
        return { atMs, got, keptMs, tookMs };
      } catch {
        return { atMs, got: "no answer", keptMs: 0, tookMs: performance.now() - atMs };
      }
    }
  }
}

/** How many of each kind, and how long they took. */
export function told(reads: readonly FarRead[]): string {
  const kinds = Map.groupBy(reads, ({ got }) => got);
  return [...kinds]
    .map(([got, of]) => `${of.length} × ${got} (${describeMs(of.map(({ tookMs }) => tookMs))})`)
    .join(", ");
}
