import { AdaptiveLimit, type Outcome } from "./adaptive-limit.ts";
import { type Asker, CLASSES, type ReadClass } from "./asker.ts";

export interface LimiterOptions {
  /** Reads under way at a time, never more, whoever asks. */
  readonly max: number;
  readonly targetMs: number;
  /** Askers that may wait. */
  readonly maxWaiting: number;
}

/** Leave to read once. */
export interface Permit {
  /** Gives it back. Only the first end counts; returns whether this was it. */
  end(outcome: Outcome, nowMs: number): boolean;
}

/** Of the adaptive limit, what the live edge may have while others fill all of it. */
const LIVE_EDGE_SHARE = 0.75;

interface Waiting {
  readonly asker: Asker;
  readonly onPermit: (permit: Permit) => void;
}

/**
 * Who may read a tier now. Below the adaptive limit everybody; once it is reached only the live edge, up to its share
 * and to the hard limit. Who must wait gets the next place by class, then in the order of asking.
 */
export class Limiter {
  readonly #options: LimiterOptions;
  readonly #adaptive: AdaptiveLimit;
  readonly #inFlight: Record<ReadClass, number> = { "live-edge": 0, dvr: 0, background: 0 };
  #promised = 0;
  /** DVR reads under way, or promised, by edge. */
  readonly #ofEdge = new Map<string, number>();
  readonly #queues: Readonly<Record<ReadClass, Set<Waiting>>> = {
    "live-edge": new Set(),
    dvr: new Set(),
    background: new Set(),
  };

  constructor(options: LimiterOptions) {
    this.#options = options;
    this.#adaptive = new AdaptiveLimit(options);
  }

  /** The adaptive limit as it is. */
  get limit(): number {
    return this.#adaptive.value;
  }

  get inFlight(): number {
    return CLASSES.reduce((sum, name) => sum + this.#inFlight[name], 0);
  }

  get waiting(): number {
    return CLASSES.reduce((sum, name) => sum + this.#queues[name].size, 0);
  }

  /**
   * Whether a permit would be had at once, were all that are promised given, and would be no more than the edge's share.
   * @param activeEdges those that share the limit
   */
  hasRoom(asker: Asker, activeEdges: number): boolean {
    const share = Math.max(1, Math.ceil(this.limit / Math.max(1, activeEdges)));
    if ((this.#ofEdge.get(asker.edge) ?? 0) >= share) return false;
    return !this.#mustWait(asker) && this.#mayEnter(asker, this.#promised);
  }

  /**
   * Promises a place to one who must wait for something else first: `hasRoom` counts it as taken. Returns how to give it
   * back, once.
   */
  promise(asker: Asker): () => void {
    this.#promised += 1;
    this.#countOfEdge(asker, 1);
    return () => {
      this.#promised -= 1;
      this.#countOfEdge(asker, -1);
    };
  }

  /**
   * Calls back with a permit, at once or when it is the asker's turn. Returns how to give up waiting; undefined when
   * too many wait already.
   */
  enter(asker: Asker, nowMs: number, onPermit: (permit: Permit) => void): (() => void) | undefined {
    if (!this.#mustWait(asker) && this.#mayEnter(asker)) {
      onPermit(this.#permit(asker, nowMs));
      return () => {};
    }
    if (this.waiting >= this.#options.maxWaiting) return undefined;
    const waiting = { asker, onPermit };
    const queue = this.#queues[asker.class];
    queue.add(waiting);
    return () => queue.delete(waiting);
  }

  /** Whether somebody as urgent, or more, was there before. */
  #mustWait(asker: Asker): boolean {
    for (const name of CLASSES) {
      if (this.#queues[name].size > 0) return true;
      if (name === asker.class) break;
    }
    return false;
  }

  /** True for the live edge whenever it is for another class. */
  #mayEnter(asker: Asker, promised = 0): boolean {
    const { limit } = this;
    const inFlight = this.inFlight + promised;
    if (inFlight >= this.#options.max) return false;
    if (inFlight < limit) return true;
    return (
      asker.class === "live-edge" && this.#inFlight["live-edge"] < Math.max(1, Math.floor(limit * LIVE_EDGE_SHARE))
    );
  }

  #permit(asker: Asker, startedMs: number): Permit {
    this.#count(asker, 1);
    this.#adaptive.reached(this.inFlight);
    let isOpen = true;
    return {
      end: (outcome, nowMs) => {
        if (!isOpen) return false;
        isOpen = false;
        this.#count(asker, -1);
        this.#adaptive.ended(startedMs, nowMs, outcome);
        this.#letIn(nowMs);
        return true;
      },
    };
  }

  #count(asker: Asker, change: 1 | -1): void {
    this.#inFlight[asker.class] += change;
    this.#countOfEdge(asker, change);
  }

  #countOfEdge({ class: name, edge }: Asker, change: 1 | -1): void {
    if (name !== "dvr") return;
    const left = (this.#ofEdge.get(edge) ?? 0) + change;
    if (left === 0) this.#ofEdge.delete(edge);
    else this.#ofEdge.set(edge, left);
  }

  #letIn(nowMs: number): void {
    for (const name of CLASSES) {
      const queue = this.#queues[name];
      for (const waiting of queue) {
        if (!this.#mayEnter(waiting.asker)) return;
        queue.delete(waiting);
        waiting.onPermit(this.#permit(waiting.asker, nowMs));
      }
    }
  }
}
