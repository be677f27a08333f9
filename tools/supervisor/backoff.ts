/** A child that lives shorter than this is not healthy: it is started again less and less eagerly. */
const HEALTHY_MS = 5_000;
const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 10_000;

/** How long to wait before a child is started again: at once after a healthy life, then 0.5 s … 10 s. */
export class Backoff {
  #shortLives = 0;

  /** The delay in ms after a life of `livedMs`. */
  next(livedMs: number): number {
    if (livedMs >= HEALTHY_MS) this.#shortLives = 0;
    const delayMs = this.#shortLives === 0 ? 0 : FIRST_DELAY_MS * 2 ** (this.#shortLives - 1);
    this.#shortLives += 1;
    return Math.min(delayMs, MAX_DELAY_MS);
  }
}
