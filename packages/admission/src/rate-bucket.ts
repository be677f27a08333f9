/** The part of a second's worth that may go at once. */
const BURST_SECONDS = 0.25;

/** A token bucket. The rate is an argument, so that a share of a rate may change. Starts full. */
export class RateBucket {
  #tokens = Number.POSITIVE_INFINITY;
  #atMs = Number.NEGATIVE_INFINITY;

  /** Whether one may go now. */
  has(nowMs: number, perSecond: number): boolean {
    const passedMs = Math.max(0, nowMs - this.#atMs);
    const burst = perSecond === 0 ? 0 : Math.max(1, perSecond * BURST_SECONDS);
    const gained = perSecond === 0 ? 0 : (passedMs * perSecond) / 1000;
    this.#tokens = Math.min(burst, this.#tokens + gained);
    this.#atMs = Math.max(this.#atMs, nowMs);
    return this.#tokens >= 1;
  }

  /** Spends what `has` has just said to be there. */
  spend(): void {
    this.#tokens -= 1;
  }
}
