export interface AdaptiveLimitOptions {
  /** The limit it begins with, and never passes. */
  readonly max: number;
  /** Latency below which more is always welcome. */
  readonly targetMs: number;
}

/** How a read ended. `ignored` says nothing of the tier; `dropped`: it failed or came too late. */
export type Outcome = "success" | "ignored" | "dropped";

/** A window says something after this time and with enough samples: as many as the limit, this many at most. */
const WINDOW_MS = 100;
const MAX_SAMPLES = 20;
/** Above this multiple of what is reached without a queue, reads wait for each other in the tier. */
const CONGESTED = 1.5;
const CUT = 0.5;
/** A cut that leaves more than this of the latency has not helped. */
const HELPED = 0.8;

/**
 * How many reads a tier stands at a time, learned from its latency: twice as many when fast, one more when it copes, half
 * when reads begin to wait for each other. A cut that does not make a slow tier faster is taken back, for then the tier
 * is slow whatever is asked of it, and fewer reads would only be fewer answers. Never below 1, so that it hears of a
 * recovery. Times are any clock's milliseconds.
 */
export class AdaptiveLimit {
  readonly #options: AdaptiveLimitOptions;
  #limit: number;
  /** The lowest latency since the tier last turned slower by itself. */
  #unloadedMs = Number.POSITIVE_INFINITY;
  #lastCut: { readonly limit: number; latencyMs: number } | undefined;
  #windowFromMs = Number.NEGATIVE_INFINITY;
  #samplesMs: number[] = [];
  #dropped = 0;
  #peak = 0;

  constructor(options: AdaptiveLimitOptions) {
    this.#options = options;
    this.#limit = options.max;
  }

  /** Whole reads, at least 1. */
  get value(): number {
    return Math.floor(this.#limit);
  }

  /** So many are under way now. */
  reached(inFlight: number): void {
    this.#peak = Math.max(this.#peak, inFlight);
  }

  /** A read has ended. Those begun before the limit last changed tell of the limit before. */
  ended(startedMs: number, nowMs: number, outcome: Outcome): void {
    if (outcome === "ignored") return;
    if (startedMs < this.#windowFromMs) {
      this.#endedLate(nowMs - startedMs);
      return;
    }
    if (outcome === "dropped") this.#dropped += 1;
    else if (this.#samplesMs.length < MAX_SAMPLES) this.#samplesMs.push(nowMs - startedMs);
    const count = this.#samplesMs.length + this.#dropped;
    if (count < Math.min(this.value, this.#peak, MAX_SAMPLES)) return;
    if (this.#windowFromMs > Number.NEGATIVE_INFINITY && nowMs - this.#windowFromMs < WINDOW_MS) return;
    if (this.#dropped * 2 > count) this.#cut(undefined);
    else this.#judge(median(this.#samplesMs));
    this.#windowFromMs = nowMs;
    this.#samplesMs = [];
    this.#dropped = 0;
    this.#peak = 0;
  }

  /** Begun before a cut: a queue may still have been growing then, and how long it got is what the cut is judged by. */
  #endedLate(latencyMs: number): void {
    if (this.#lastCut !== undefined) this.#lastCut.latencyMs += (latencyMs - this.#lastCut.latencyMs) / 4;
  }

  #judge(latencyMs: number): void {
    const { max, targetMs } = this.#options;
    const before = this.#lastCut;
    this.#lastCut = undefined;
    if (before !== undefined && latencyMs > targetMs && latencyMs > before.latencyMs * HELPED) {
      this.#unloadedMs = latencyMs;
      this.#limit = before.limit;
      return;
    }
    this.#unloadedMs = Math.min(this.#unloadedMs, latencyMs);
    if (latencyMs <= targetMs) this.#limit = Math.min(max, this.#limit * 2);
    else if (latencyMs > CONGESTED * Math.max(targetMs, this.#unloadedMs)) this.#cut(latencyMs);
    else if (this.#peak >= this.value) this.#limit = Math.min(max, this.#limit + 1);
  }

  /** From what was really under way: a limit that nobody reached has not caused anything. */
  #cut(latencyMs: number | undefined): void {
    this.#lastCut = latencyMs === undefined ? undefined : { limit: this.#limit, latencyMs };
    this.#limit = Math.max(1, CUT * Math.min(this.#limit, Math.max(1, this.#peak)));
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
