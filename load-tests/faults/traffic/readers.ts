import { Agent } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { KnownSegments, Sent } from "./encoder.ts";
import { type GetError, type Got, get } from "./get.ts";
import { isAcknowledged } from "./put.ts";
import { seededRandom } from "./random.ts";

/** A reader looks at the newest of what has been sent, on its way or done. */
const NEWEST = 32;
const PAUSE_MS = 15;

export interface ReadersOptions {
  readonly encoder: KnownSegments;
  readonly seed: string;
  /** How long after its 2xx a segment may still be refused. */
  readonly visibleWithinMs: number;
  /** GETs at a time. */
  readonly count?: number;
  /** What breaks off is asked once more on another connection, as edges and players do. */
  readonly asksAgain?: boolean;
}

export interface FailedRead {
  readonly what: string;
  readonly atMs: number;
  /** When its connection had been made; undefined if it never was. */
  readonly connectedMs: number | undefined;
}

/** Reads the newest segments again and again while they are published, and judges every answer. */
export class Readers {
  /** Whole and right. */
  served = 0;
  /** Whole and right, that neither memory nor memcached had. */
  readonly tiers = new Map<string, number>();
  readonly tookMs: number[] = [];
  /** Of them, those of what had been acknowledged before it was asked for: nobody waited for its encoder. */
  readonly unheldMs: number[] = [];
  /** When each of them was whole; `performance.now()`. */
  readonly servedMs: number[] = [];
  /** 404 or 410 for what had not been acknowledged, or only just. */
  absent = 0;
  /** Asked again, as they had broken off. */
  brokeOff = 0;
  /** 200 with other bytes than were sent. */
  readonly torn: string[] = [];
  /** 404 or 410 for what had been acknowledged long enough before. */
  readonly missed: string[] = [];
  /** No answer, half an answer, or a status that has no place here. */
  readonly failed: FailedRead[] = [];
  readonly #encoder: KnownSegments;
  readonly #visibleWithinMs: number;
  readonly #asksAgain: boolean;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #running: Promise<unknown>;
  #stopped = false;

  constructor({ encoder, seed, visibleWithinMs, count = 3, asksAgain = false }: ReadersOptions) {
    this.#encoder = encoder;
    this.#visibleWithinMs = visibleWithinMs;
    this.#asksAgain = asksAgain;
    const readers = Array.from({ length: count }, (_, i) => this.#run(seededRandom(`${seed}/reader ${i}`)));
    this.#running = Promise.all(readers);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
    this.#agent.destroy();
  }

  async #run(random: () => number): Promise<void> {
    while (!this.#stopped) {
      const { sent } = this.#encoder;
      const one = sent[Math.max(0, sent.length - NEWEST) + Math.floor(random() * Math.min(NEWEST, sent.length))];
      if (one !== undefined) await this.#read(one);
      await sleep(PAUSE_MS);
    }
  }

  async #read(one: Sent): Promise<void> {
    const begunMs = performance.now();
    const isThere = isAcknowledged(one);
    const isDue = isThere && begunMs - one.endedMs! > this.#visibleWithinMs;
    const url = this.#encoder.urlOf(one);
    try {
      const got = await get(url, this.#agent).catch((error: GetError) => {
        if (!this.#asksAgain) throw error;
        this.brokeOff += 1;
        return get(url);
      });
      if (isThere && got.status === 200) this.unheldMs.push(got.tookMs);
      this.#judge(one, got, isDue);
    } catch (error) {
      const { message, connectedMs } = error as GetError;
      this.failed.push({ what: `${url}: ${message}`, atMs: begunMs, connectedMs });
    }
  }

  #judge(one: Sent, { status, body, tier, tookMs }: Got, isDue: boolean): void {
    const at = `${one.rendition}/${one.number}`;
    if (status === 200 && this.#encoder.isWhole(one, body)) {
      this.served += 1;
      this.tookMs.push(tookMs);
      this.servedMs.push(performance.now());
      this.tiers.set(tier ?? "untold", (this.tiers.get(tier ?? "untold") ?? 0) + 1);
    } else if (status === 200) this.torn.push(`${at}: ${body.length} bytes that were not sent`);
    else if (status !== 404 && status !== 410)
      this.failed.push({
        what: `${at}: ${status} ${body.toString().slice(0, 100)}`,
        atMs: performance.now(),
        connectedMs: undefined,
      });
    else if (isDue) this.missed.push(`${at}: ${status}`);
    else this.absent += 1;
  }
}
