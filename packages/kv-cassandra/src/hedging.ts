/** Requests after which latency counts as known; until then, and at most ever, this delay. */
const LEARN_FROM = 32;
const SAMPLES = 256;
const MAX_DELAY_MS = 150;
/** Below it a hedge costs more than it saves: a collection of garbage takes as long. */
const MIN_DELAY_MS = 15;
const QUANTILE = 0.97;
const SORT_EVERY = 32;

/** Hedges for each request, and how many may come at once when a node stops answering. */
const HEDGE_SHARE = 0.05;
const BURST = 32;

/** The newest latencies of one kind of request, and the delay after which a request counts as late. */
export class LatencyWindow {
  readonly #samplesMs = new Float64Array(SAMPLES);
  #count = 0;
  #delayMs = MAX_DELAY_MS;

  add(latencyMs: number): void {
    this.#samplesMs[this.#count % SAMPLES] = latencyMs;
    this.#count += 1;
    if (this.#count < LEARN_FROM || this.#count % SORT_EVERY !== 0) return;
    const sorted = this.#samplesMs.slice(0, Math.min(this.#count, SAMPLES)).sort();
    const slowMs = sorted[Math.floor(sorted.length * QUANTILE)]!;
    this.#delayMs = Math.round(Math.min(MAX_DELAY_MS, Math.max(MIN_DELAY_MS, slowMs)));
  }

  /** Longer than nearly all requests take, in whole ms, within bounds. */
  get delayMs(): number {
    return this.#delayMs;
  }
}

/** Keeps hedges to a share of requests. One that is already under way when it runs out is a debt that is paid first. */
export class HedgeBudget {
  #tokens = BURST;

  get isOpen(): boolean {
    return this.#tokens >= 1;
  }

  /** One request was sent. */
  earn(): void {
    this.#tokens = Math.min(BURST, this.#tokens + HEDGE_SHARE);
  }

  /** One hedge was sent. */
  spend(): void {
    this.#tokens -= 1;
  }
}

/** When to send a request again, elsewhere, while its answer is still to come. Kinds of requests have latencies of their own. */
export class Hedging {
  readonly #windows = new Map<string, LatencyWindow>();
  readonly #budget = new HedgeBudget();
  readonly #onHedge: (lateNode: object) => void;

  /** Told of each hedge, and of the node that did not answer in time. */
  constructor(onHedge: (lateNode: object) => void) {
    this.#onHedge = onHedge;
  }

  /**
   * The plan of one request, in the driver's form: asked as each copy of it is sent to a node, it gives the ms until the
   * next one is to be sent, or -1. So the second question says that the hedge has gone out.
   */
  plan(kind: string): { nextExecution: (node: object) => number } {
    this.#budget.earn();
    const window = this.#windowOf(kind);
    const { delayMs } = window;
    let first: object | undefined;
    let asked = 0;
    return {
      nextExecution: (node) => {
        asked += 1;
        first ??= node;
        if (asked === 1) return this.#budget.isOpen ? delayMs : -1;
        if (asked === 2) {
          this.#budget.spend();
          // The slow answer will not be seen, and must not make requests look faster than they are.
          window.add(2 * delayMs);
          this.#onHedge(first);
        }
        return -1;
      },
    };
  }

  answered(kind: string, latencyMs: number): void {
    this.#windowOf(kind).add(latencyMs);
  }

  #windowOf(kind: string): LatencyWindow {
    const window = this.#windows.get(kind) ?? new LatencyWindow();
    this.#windows.set(kind, window);
    return window;
  }
}
