import { Counter, type CounterConfiguration } from "prom-client";

/** A counter whose labels are a closed set of names; no label ever holds a name that a client invented. */
export interface LabelledCounter<L extends Record<string, string | number>> {
  inc(labels: L, by?: number): void;
}

/** Counts one at a time. */
export interface Series {
  inc(): void;
}

/** One whose series can be kept by those who count too often to name the labels each time. */
export class TalliedCounter<L extends Record<string, string | number>> implements LabelledCounter<L> {
  readonly #counter: Counter;
  readonly #tallies: { readonly labels: L; count: number }[] = [];

  constructor(configuration: CounterConfiguration<keyof L & string>) {
    this.#counter = new Counter<string>({ ...configuration, collect: () => this.#handOver() });
  }

  inc(labels: L, by = 1): void {
    this.#counter.inc(labels, by);
  }

  /** Counts in plain numbers, which are handed over when somebody reads. To be asked for once per set of labels. */
  series(labels: L): Series {
    const tally = { labels, count: 0 };
    this.#tallies.push(tally);
    return {
      inc: () => {
        tally.count += 1;
      },
    };
  }

  #handOver(): void {
    for (const tally of this.#tallies) {
      if (tally.count > 0) this.#counter.inc(tally.labels, tally.count);
      tally.count = 0;
    }
  }
}
