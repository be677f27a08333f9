import type { Notice, NoticeListener, Notices, Subscription } from "@headwater/notices";
import type { ChannelOptions } from "./connection.ts";
import { Publisher } from "./publisher.ts";
import { Subscriber } from "./subscriber.ts";

export interface RedisNoticesOptions {
  /** `redis://…` or `rediss://…`. */
  readonly url: string;
  /** Redis's name for the notices of one kv: who shares it must share that. */
  readonly channel: string;
  /** Whether this process publishes: if so it beats every 200 ms, and others rely on that. */
  readonly publisher: boolean;
  readonly nowMs?: () => number;
}

/**
 * Notices over Redis pub/sub. Redis being away makes nothing fail: notices are lost, subscribers vouch for nothing while
 * it lasts and report a gap when it is over; connections come back by themselves.
 */
export class RedisNotices implements Notices {
  readonly #options: ChannelOptions;
  readonly #publisher: Publisher | undefined;
  readonly #subscribers = new Set<Subscriber>();

  constructor({ url, channel, publisher, nowMs = Date.now }: RedisNoticesOptions) {
    this.#options = { url, channel, nowMs };
    this.#publisher = publisher ? new Publisher(this.#options) : undefined;
  }

  /** Without `publisher: true` nothing is sent. */
  async publish(notice: Notice): Promise<void> {
    await this.#publisher?.publish(notice);
  }

  async subscribe(listener: NoticeListener): Promise<Subscription> {
    const subscriber = new Subscriber(this.#options, listener);
    this.#subscribers.add(subscriber);
    await subscriber.begun();
    return {
      completeUntilMs: () => subscriber.completeUntilMs(),
      close: async () => {
        this.#subscribers.delete(subscriber);
        await subscriber.close();
      },
    };
  }

  async close(): Promise<void> {
    await this.#publisher?.close();
    for (const subscriber of this.#subscribers) await subscriber.close();
    this.#subscribers.clear();
  }
}
