import { setTimeout as sleep } from "node:timers/promises";
import { initSegment, mediaSegment } from "@headwater/infra";
import type { ClockedEvent } from "../../faults/traffic/event.ts";
import { isAcknowledged, put } from "../../faults/traffic/put.ts";

const SIZE_BYTES = 8 * 1024;

/** Publishes every number of one rendition once, the same time after its end. */
export class LateEncoder {
  readonly rendition: string;
  readonly lateMs: number;
  /** When each number was acknowledged, ms since the Unix epoch. */
  readonly publishedAtMs = new Map<number, number>();
  readonly failed: number[] = [];
  readonly #event: ClockedEvent;
  readonly #running: Promise<void>;
  #stopped = false;

  constructor(event: ClockedEvent, rendition: string, lateMs: number) {
    this.rendition = rendition;
    this.lateMs = lateMs;
    this.#event = event;
    this.#running = this.#run();
  }

  /** The number that is to be published next. */
  next(): number {
    return Math.floor((Date.now() - this.lateMs) / this.#event.durationMs);
  }

  /** Resolves when the number that is being waited for has been published. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    const { durationMs } = this.#event;
    await put(this.#event, `${this.rendition}/init.mp4`, initSegment());
    for (let number = this.next(); !this.#stopped; number += 1) {
      await sleep(Math.max(0, (number + 1) * durationMs + this.lateMs - Date.now()));
      const bytes = mediaSegment({ number, durationMs, sizeBytes: SIZE_BYTES });
      const result = await put(this.#event, `${this.rendition}/${number}.m4s`, bytes);
      if (isAcknowledged(result)) this.publishedAtMs.set(number, Date.now());
      else this.failed.push(number);
    }
  }
}
