/** What was shed and must not be tried again for a while. Bounded: of too many the oldest are forgotten. */
export class ShedMemory {
  readonly #forMs: number;
  readonly #max: number;
  /** All are kept equally long, so a Map, which iterates in the order of insertion, has the next to expire first. */
  readonly #untilMs = new Map<string, number>();

  constructor({ forMs, max }: { readonly forMs: number; readonly max: number }) {
    this.#forMs = forMs;
    this.#max = max;
  }

  get size(): number {
    return this.#untilMs.size;
  }

  /** Until when it is remembered, undefined if it is not. */
  untilMs(key: string, nowMs: number): number | undefined {
    const untilMs = this.#untilMs.get(key);
    return untilMs !== undefined && untilMs > nowMs ? untilMs : undefined;
  }

  /** Remembers it from now on; returns the moment at which it may be tried again. */
  remember(key: string, nowMs: number): number {
    const untilMs = nowMs + this.#forMs;
    this.#untilMs.delete(key);
    this.#untilMs.set(key, untilMs);
    for (const [oldest, expiresMs] of this.#untilMs) {
      if (expiresMs > nowMs && this.#untilMs.size <= this.#max) break;
      this.#untilMs.delete(oldest);
    }
    return untilMs;
  }
}
