/** Above `max` an edge may still have its equal share, but never are there more than this many times `max`. */
const HARD = 2;

/** Requests under way, bounded: when there are `max`, an edge that has its equal share of them gets no more. */
export class FairCount {
  readonly #max: number;
  /** Edges are named by the operator, so they are few. */
  readonly #edges = new Map<string, { count: number }>();
  /** Those that have any. */
  #active = 0;
  #total = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get total(): number {
    return this.#total;
  }

  /** Whether one more of this edge may begin; if so, it is to be ended once. */
  begin(edge: string): boolean {
    const own = this.#of(edge);
    if (this.#total >= this.#max && !this.#isOwed(own.count)) return false;
    if (own.count === 0) this.#active += 1;
    own.count += 1;
    this.#total += 1;
    return true;
  }

  end(edge: string): void {
    const own = this.#of(edge);
    own.count -= 1;
    if (own.count === 0) this.#active -= 1;
    this.#total -= 1;
  }

  #of(edge: string): { count: number } {
    let own = this.#edges.get(edge);
    if (own === undefined) {
      own = { count: 0 };
      this.#edges.set(edge, own);
    }
    return own;
  }

  #isOwed(own: number): boolean {
    const edges = this.#active + (own === 0 ? 1 : 0);
    return own < Math.floor(this.#max / edges) && this.#total < HARD * this.#max;
  }
}
