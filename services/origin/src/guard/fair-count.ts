/** Above `max` an edge may still have its equal share, but never are there more than this many times `max`. */
const HARD = 2;

/** Requests under way, bounded: when there are `max`, an edge that has its equal share of them gets no more. */
export class FairCount {
  readonly #max: number;
  /** Edges that have any. They are named by the operator, so they are few. */
  readonly #edges = new Map<string, number>();
  #total = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get total(): number {
    return this.#total;
  }

  /** Whether one more of this edge may begin; if so, it is to be ended once. */
  begin(edge: string): boolean {
    const own = this.#edges.get(edge) ?? 0;
    if (this.#total >= this.#max && !this.#isOwed(own)) return false;
    this.#edges.set(edge, own + 1);
    this.#total += 1;
    return true;
  }

  end(edge: string): void {
    const own = this.#edges.get(edge) ?? 0;
    if (own > 1) this.#edges.set(edge, own - 1);
    else this.#edges.delete(edge);
    this.#total -= 1;
  }

  #isOwed(own: number): boolean {
    const edges = this.#edges.size + (own === 0 ? 1 : 0);
    return own < Math.floor(this.#max / edges) && this.#total < HARD * this.#max;
  }
}
