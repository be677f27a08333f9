import type { NoticeListener, Subscription } from "@headwater/notices";
import type { Redis } from "ioredis";
import type { ChannelOptions } from "./connection.ts";
import { connect } from "./connection.ts";
import { decodeFrame } from "./frame.ts";
import { PublisherTracker } from "./publisher-tracker.ts";

const FIRST_MS = 1000;
const PING_MS = 500;

/** One listener on a connection of its own. */
export class Subscriber implements Subscription {
  readonly #redis: Redis;
  readonly #channel: string;
  readonly #listener: NoticeListener;
  readonly #nowMs: () => number;
  readonly #tracker = new PublisherTracker();
  readonly #first = Promise.withResolvers<void>();
  readonly #firstTimer: NodeJS.Timeout;
  readonly #ping: NodeJS.Timeout;
  /** Whether the subscription has been awaited: from then on, what is missed is a gap. */
  #begun = false;
  #inForce = false;
  #closed = false;

  constructor({ url, channel, nowMs }: ChannelOptions, listener: NoticeListener) {
    this.#channel = channel;
    this.#listener = listener;
    this.#nowMs = nowMs;
    this.#redis = connect(url);
    this.#redis.on("ready", () => void this.#subscribe());
    this.#redis.on("close", () => {
      this.#inForce = false;
    });
    this.#redis.on("messageBuffer", (_channel: Buffer, message: Buffer) => this.#onMessage(message));
    this.#firstTimer = setTimeout(() => this.#begin(), FIRST_MS);
    // Finds a connection that is dead without a word.
    this.#ping = setInterval(() => void this.#redis.ping().catch(() => {}), PING_MS);
  }

  /** Resolves when the subscription is in force, or after a second without. */
  begun(): Promise<void> {
    return this.#first.promise;
  }

  completeUntilMs(): number {
    return this.#inForce ? this.#tracker.completeUntilMs(this.#nowMs()) : 0;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#inForce = false;
    clearInterval(this.#ping);
    this.#begin();
    this.#redis.disconnect();
  }

  #begin(): void {
    clearTimeout(this.#firstTimer);
    this.#begun = true;
    this.#first.resolve();
  }

  async #subscribe(): Promise<void> {
    this.#tracker.reset();
    try {
      await this.#redis.subscribe(this.#channel);
    } catch {
      if (!this.#closed) this.#redis.disconnect(true);
      return;
    }
    if (this.#closed) return;
    this.#inForce = true;
    // Told only now, so that what is read because of it has everything that no notice will bring.
    if (this.#begun) this.#listener.onGap();
    this.#begin();
  }

  #onMessage(message: Buffer): void {
    const frame = decodeFrame(message);
    if (!frame || this.#closed) return;
    const { fresh, gap } = this.#tracker.accept(frame.header, this.#nowMs());
    if (gap) this.#listener.onGap();
    if (fresh && frame.notice) this.#listener.onNotice(frame.notice);
  }
}
