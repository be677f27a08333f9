import { Agent } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { initSegment } from "@headwater/infra";
import type { ClockedEvent } from "./event.ts";
import { type PayloadOptions, segmentBytes } from "./payload.ts";
import { isAcknowledged, put } from "./put.ts";

export interface EncoderOptions {
  readonly event: ClockedEvent;
  readonly seed: string;
  readonly renditions: readonly string[];
  readonly minBytes: number;
  readonly maxBytes: number;
  /** Part of a segment's duration over which its bytes go out. */
  readonly spread?: number;
  /** In place of seeded bytes; the same for the same name. */
  readonly bytesOf?: (rendition: string, number: number) => Buffer;
}

/** A segment on its way, or where it ended. */
export interface Sent {
  readonly rendition: string;
  readonly number: number;
  /** Undefined while the PUT goes on, and when it was never answered. */
  status: number | undefined;
  tookMs: number;
  /** When its PUT ended; undefined while it goes on. `performance.now()`. */
  endedMs: number | undefined;
}

/** What was sent to an event, and can be computed again. */
export interface SentSegments {
  readonly event: ClockedEvent;
  readonly sent: readonly Sent[];
  bytesOf(one: Sent): Buffer;
  urlOf(one: Sent): string;
}

/** More than any run sends: what was sent is remembered until the end, to be read back. */
const MAX_SENT = 20_000;

/** A live encoder without retries: every segment of every rendition goes out once, when the clock says that it ends. */
export class SeededEncoder implements SentSegments {
  readonly event: ClockedEvent;
  readonly sent: Sent[] = [];
  readonly #options: EncoderOptions;
  readonly #payload: PayloadOptions;
  readonly #agents: ReadonlyMap<string, Agent>;
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;

  constructor(options: EncoderOptions) {
    const { event, seed, minBytes, maxBytes, renditions } = options;
    this.event = event;
    this.#options = options;
    this.#payload = { seed, durationMs: event.durationMs, minBytes, maxBytes };
    this.#agents = new Map(renditions.map((rendition) => [rendition, new Agent({ keepAlive: true })]));
    this.#running = this.#run();
  }

  get acknowledged(): readonly Sent[] {
    return this.sent.filter(isAcknowledged);
  }

  /** PUTs that have ended without a 2xx. */
  get failed(): readonly Sent[] {
    return this.sent.filter((sent) => sent.endedMs !== undefined && !isAcknowledged(sent));
  }

  bytesOf({ rendition, number }: Pick<Sent, "rendition" | "number">): Buffer {
    const { bytesOf, event } = this.#options;
    return bytesOf?.(rendition, number) ?? segmentBytes({ event: event.id, rendition, number }, this.#payload);
  }

  urlOf({ rendition, number }: Pick<Sent, "rendition" | "number">): string {
    return `${this.event.readUrl}/${rendition}/${number}.m4s`;
  }

  /** The same, read from an origin elsewhere. */
  at(originUrl: string): SentSegments {
    const urlOf: SentSegments["urlOf"] = (one) => new URL(new URL(this.urlOf(one)).pathname, originUrl).href;
    return { event: this.event, sent: this.sent, bytesOf: (one) => this.bytesOf(one), urlOf };
  }

  /** Sends no more; resolves when every PUT has ended. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    for (const agent of this.#agents.values()) agent.destroy();
  }

  async #run(): Promise<void> {
    const { event, renditions } = this.#options;
    const running = new Set<Promise<void>>();
    await Promise.all(renditions.map((rendition) => put(event, `${rendition}/init.mp4`, initSegment())));
    for (let number = Math.floor(Date.now() / event.durationMs); !this.#stopping.signal.aborted; number++) {
      const endMs = (number + 1) * event.durationMs;
      await sleep(Math.max(0, endMs - Date.now()), undefined, { signal: this.#stopping.signal }).catch(() => {});
      if (this.#stopping.signal.aborted || this.sent.length >= MAX_SENT) break;
      for (const rendition of renditions) {
        const one: Promise<void> = this.#send(rendition, number).finally(() => running.delete(one));
        running.add(one);
      }
    }
    await Promise.all(running);
  }

  async #send(rendition: string, number: number): Promise<void> {
    const { event, spread = 0 } = this.#options;
    const sent: Sent = { rendition, number, status: undefined, tookMs: 0, endedMs: undefined };
    this.sent.push(sent);
    const agent = this.#agents.get(rendition)!;
    const overMs = spread * event.durationMs;
    const result = await put(event, `${rendition}/${number}.m4s`, this.bytesOf(sent), { agent, overMs });
    Object.assign(sent, result);
  }
}
