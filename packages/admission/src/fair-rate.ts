import { RateBucket } from "./rate-bucket.ts";

/** Who has not asked for this long has no share. */
const ACTIVE_MS = 1000;

interface Edge {
  readonly bucket: RateBucket;
  askedMs: number;
}

/** A rate for all, of which each edge that is asking has an equal share. */
export class FairRate {
  readonly #perSecond: number;
  readonly #all = new RateBucket();
  /** Edges are named by the operator, so they are few. */
  readonly #edges = new Map<string, Edge>();

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** This edge asks. Returns how many have asked within the last second, itself among them. */
  ask(edge: string, nowMs: number): number {
    this.#edge(edge).askedMs = nowMs;
    let active = 0;
    for (const { askedMs } of this.#edges.values()) if (nowMs - askedMs < ACTIVE_MS) active += 1;
    return active;
  }

  /** Whether one more may go for this edge; it is counted if so. */
  take(edge: string, nowMs: number): boolean {
    const { bucket } = this.#edge(edge);
    if (!bucket.has(nowMs, this.#perSecond / this.ask(edge, nowMs))) return false;
    if (!this.#all.has(nowMs, this.#perSecond)) return false;
    bucket.spend();
    this.#all.spend();
    return true;
  }

  #edge(name: string): Edge {
    let edge = this.#edges.get(name);
    if (edge === undefined) {
      edge = { bucket: new RateBucket(), askedMs: 0 };
      this.#edges.set(name, edge);
    }
    return edge;
  }
}
