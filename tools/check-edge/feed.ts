import { setTimeout as sleep } from "node:timers/promises";
import { DURATION_MS, type ThrowAwayEvent } from "./event.ts";

/** How many numbers are published: the checks need no more. */
const LENGTH = 11;
const LATE = 4;
const NEVER = 6;

/** Publishes the event's numbers at their ends, as `rows.ts` says. */
export class Feed {
  readonly first: number;
  readonly #event: ThrowAwayEvent;
  readonly #publishedAtMs = new Map<number, Promise<number>>();

  private constructor(event: ThrowAwayEvent) {
    this.#event = event;
    this.first = Math.floor(Date.now() / DURATION_MS);
    for (let i = 0; i < LENGTH; i += 1) {
      if (i === LATE || i === NEVER) continue;
      const published = this.#publish(this.first + i);
      published.catch(() => {}); // Whoever awaits it is told.
      this.#publishedAtMs.set(this.first + i, published);
    }
  }

  /** Begins with the number that is being made now; `still` gets that one alone. Resolves when it is published. */
  static async start(event: ThrowAwayEvent): Promise<Feed> {
    await Promise.all([event.init("video"), event.init("still")]);
    const feed = new Feed(event);
    await feed.published(feed.first);
    await event.publish("still", feed.first);
    return feed;
  }

  endMs(number: number): number {
    return (number + 1) * DURATION_MS;
  }

  /** Resolves to the moment at which the number was acknowledged. */
  published(number: number): Promise<number> {
    return this.#publishedAtMs.get(number) ?? Promise.reject(new Error(`${number} is not published by itself`));
  }

  async #publish(number: number): Promise<number> {
    await sleep(this.endMs(number) - Date.now());
    await this.#event.publish("video", number);
    return Date.now();
  }
}
