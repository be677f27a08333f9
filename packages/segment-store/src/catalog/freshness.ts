import { setTimeout as sleep } from "node:timers/promises";

/** Without news for this long, notices no longer tell what is complete. */
const SILENCE_MS = 500;
/** A view is read again at most this often (four times a second), whatever is asked. */
const RELOAD_INTERVAL_MS = 250;

/**
 * The watermark of one view of the kv: up to when it is known to be complete. Notices move it while they are sound;
 * after a gap or in silence one read does, single-flight and rate-limited.
 */
export class Freshness {
  readonly #completeUntilMs: () => number;
  readonly #reload: (nowMs: number) => Promise<void>;
  #loadedAtMs = Number.NEGATIVE_INFINITY;
  #stale = true;
  #gaps = 0;
  #loading: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  /** `completeUntilMs`: what the notices' subscription says; `reload`: reads the view from the kv. */
  constructor(completeUntilMs: () => number, reload: (nowMs: number) => Promise<void>) {
    this.#completeUntilMs = completeUntilMs;
    this.#reload = reload;
  }

  /** Notices were lost: only a new read makes the view complete. */
  gap(): void {
    this.#stale = true;
    this.#gaps += 1;
  }

  isFresh(nowMs: number, silenceMs = SILENCE_MS): boolean {
    // Asked first, always: what notices have brought meanwhile is handed over by it.
    const completeUntilMs = this.#completeUntilMs();
    if (this.wasReadWithin(RELOAD_INTERVAL_MS, nowMs)) return true;
    return !this.#stale && completeUntilMs >= nowMs - silenceMs;
  }

  /** Whether it was read so lately. A clock set back by more than that would keep the last read young for as long. */
  wasReadWithin(maxAgeMs: number, nowMs: number): boolean {
    return Math.abs(nowMs - this.#loadedAtMs) < maxAgeMs;
  }

  /** Resolves when the view was read at most `maxAgeMs` ago, whatever notices say. Rejects as `ensure` does. */
  async ensureRead(nowMs: number, maxAgeMs: number): Promise<void> {
    if (!this.wasReadWithin(maxAgeMs, nowMs)) await this.#reloadOnce(nowMs);
  }

  /** Resolves when the view may be trusted as of now; rejects with what the read rejected with. */
  async ensure(nowMs: number, silenceMs = SILENCE_MS): Promise<void> {
    if (!this.isFresh(nowMs, silenceMs)) await this.#reloadOnce(nowMs);
  }

  /** Resolves when the view was read by a read that began after this call: the next one allowed. Rejects as `ensure` does. */
  nextRead(nowMs: number): Promise<void> {
    this.#next ??= this.#readNext(nowMs);
    return this.#next;
  }

  async #readNext(nowMs: number): Promise<void> {
    await this.#loading?.catch(() => {});
    const waitMs = this.wasReadWithin(RELOAD_INTERVAL_MS, nowMs) ? this.#loadedAtMs + RELOAD_INTERVAL_MS - nowMs : 0;
    if (waitMs > 0) await sleep(waitMs);
    this.#next = undefined;
    await this.#reloadOnce(nowMs + waitMs);
  }

  #reloadOnce(nowMs: number): Promise<void> {
    this.#loading ??= this.#load(nowMs).finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  async #load(nowMs: number): Promise<void> {
    const gaps = this.#gaps;
    try {
      await this.#reload(nowMs);
      this.#loadedAtMs = nowMs;
      // Only now: whoever asks while the read is under way waits for it. What a gap lost meanwhile it may not have seen.
      if (gaps === this.#gaps) this.#stale = false;
    } catch (error) {
      this.#stale = true;
      throw error;
    }
  }
}
