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
  /** How often a PUT is sent before it is given up. Default: once. */
  readonly tries?: number;
  /** Told of each segment as it goes out. */
  readonly onSent?: (sent: Sent) => void;
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

/** What was sent to an event, and can be told again when it is read. */
export interface KnownSegments {
  readonly event: ClockedEvent;
  readonly sent: readonly Sent[];
  urlOf(one: Sent): string;
  /** Whether this is all that was sent, byte for byte. */
  isWhole(one: Sent, body: Buffer): boolean;
}

/** Of one pipeline: there is one right answer. */
export interface SentSegments extends KnownSegments {
  bytesOf(one: Sent): Buffer;
}

/** More than any run sends: what was sent is remembered until the end, to be read back. */
const MAX_SENT = 20_000;

const AGAIN_MS = 250;

/** A live encoder: every segment of every rendition goes out once, when the clock says that it ends, if nothing else is said. */
export class SeededEncoder implements SentSegments {
  readonly event: ClockedEvent;
  readonly sent: Sent[] = [];
  readonly #options: EncoderOptions;
  readonly #payload: PayloadOptions;
  readonly #agents: ReadonlyMap<string, Agent>;
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;
  #isKilled = false;

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

  isWhole(one: Pick<Sent, "rendition" | "number">, body: Buffer): boolean {
    return body.equals(this.bytesOf(one));
  }

  urlOf({ rendition, number }: Pick<Sent, "rendition" | "number">): string {
    return `${this.event.readUrl}/${rendition}/${number}.m4s`;
  }

  /** The same, read from an origin elsewhere. */
  at(originUrl: string): SentSegments {
    const urlOf: SentSegments["urlOf"] = (one) => new URL(new URL(this.urlOf(one)).pathname, originUrl).href;
    const { event, sent } = this;
    return { event, sent, urlOf, bytesOf: (one) => this.bytesOf(one), isWhole: (one, body) => this.isWhole(one, body) };
  }

  /** Begins no more segments; resolves when every PUT has ended, sent again as often as it may be. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    for (const agent of this.#agents.values()) agent.destroy();
  }

  /** As when its process is killed: what is on its way breaks off, and nothing is sent again. */
  async kill(): Promise<void> {
    this.#isKilled = true;
    this.#stopping.abort();
    for (const agent of this.#agents.values()) agent.destroy();
    await this.#running;
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
    const { event, spread = 0, tries = 1, onSent } = this.#options;
    const sent: Sent = { rendition, number, status: undefined, tookMs: 0, endedMs: undefined };
    this.sent.push(sent);
    onSent?.(sent);
    const agent = this.#agents.get(rendition)!;
    const overMs = spread * event.durationMs;
    const bytes = this.bytesOf(sent);
    let result = await put(event, `${rendition}/${number}.m4s`, bytes, { agent, overMs });
    for (let left = tries - 1; left > 0 && !isAcknowledged(result) && !this.#isKilled; left--) {
      await sleep(AGAIN_MS);
      const again = await put(event, `${rendition}/${number}.m4s`, bytes, { agent });
      result = { ...again, tookMs: again.endedMs - result.endedMs + result.tookMs };
    }
    Object.assign(sent, result);
  }
}
