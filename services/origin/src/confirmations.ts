import { setTimeout as sleep } from "node:timers/promises";
import { type Kv, nextToken } from "@headwater/kv";
import type { EventView } from "@headwater/segment-store/catalog";
import { maskHolderRow } from "@headwater/segment-store/model";
import type { Clock, Logger } from "@headwater/service-kit";

/** Masks that come together are confirmed together. */
const GATHER_MS = 20;
const TRIES = 3;
const AGAIN_MS = 1000;

export interface ConfirmationsOptions {
  readonly kv: Pick<Kv, "put">;
  /** The same after a restart: what a process has confirmed is replaced by its successor. */
  readonly process: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Tells operators which masks this process serves by. The only rows that an origin writes: small, few, beside all
 * answers, and nothing depends on them.
 */
export class Confirmations {
  readonly #options: ConfirmationsOptions;
  /** Events that will be told of. */
  readonly #due = new Set<EventView>();
  #lastTokenUs = 0;
  #closed = false;

  constructor(options: ConfirmationsOptions) {
    this.#options = options;
  }

  /** An event's masks have changed. */
  tell(view: EventView): void {
    if (this.#due.has(view)) return;
    this.#due.add(view);
    void this.#tellSoon(view);
  }

  close(): void {
    this.#closed = true;
  }

  async #tellSoon(view: EventView): Promise<void> {
    const { logger } = this.#options;
    for (let tried = 0; tried < TRIES; tried += 1) {
      await sleep(tried === 0 ? GATHER_MS : AGAIN_MS, undefined, { ref: false });
      if (this.#closed) return;
      // What changes from here on is told of by another row.
      this.#due.delete(view);
      try {
        await this.#write(view);
        return;
      } catch (error) {
        logger.warn({ err: error, event: view.event.id }, "masks that are held here could not be confirmed");
        if (this.#due.has(view)) return;
        this.#due.add(view);
      }
    }
    this.#due.delete(view);
  }

  async #write(view: EventView): Promise<void> {
    const { kv, clock, process } = this.#options;
    // By notices alone some may still be missing.
    await view.masks.ensure(clock.nowMs());
    const masks = view.masks.active.map(({ id }) => id);
    this.#lastTokenUs = nextToken(clock.nowMs(), this.#lastTokenUs);
    await kv.put("control", maskHolderRow(view.uid, { process, masks }, this.#lastTokenUs));
  }
}
