import type { Histogram, Registry } from "prom-client";

/** Counts how long things took, one at a time. */
export interface Distribution {
  observe(seconds: number): void;
}

export interface TalliedHistogramOptions<L extends Record<string, string>> {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly (keyof L & string)[];
  /** Upper bounds, ascending. */
  readonly buckets: readonly number[];
  readonly registers: readonly Registry[];
}

/** A histogram for those who observe too often to name the labels each time: each set of labels is asked for once. */
export class TalliedHistogram<L extends Record<string, string>> {
  readonly name: string;
  readonly help: string;
  readonly type = "histogram";
  readonly aggregator = "sum";
  readonly labelNames: readonly string[];
  readonly buckets: readonly number[];
  readonly #series: { readonly labels: L; readonly counts: number[]; sum: number }[] = [];

  constructor({ name, help, labelNames, buckets, registers }: TalliedHistogramOptions<L>) {
    this.name = name;
    this.help = help;
    this.labelNames = labelNames;
    this.buckets = buckets;
    for (const registry of registers) registry.registerMetric(this as unknown as Histogram);
  }

  series(labels: L): Distribution {
    const { buckets } = this;
    // One more than the bounds: what is above them all.
    const tally = { labels, counts: new Array<number>(buckets.length + 1).fill(0), sum: 0 };
    this.#series.push(tally);
    return {
      observe: (seconds) => {
        let at = 0;
        while (at < buckets.length && seconds > buckets[at]!) at += 1;
        tally.counts[at]! += 1;
        tally.sum += seconds;
      },
    };
  }

  /** As prom-client's registry reads a metric. */
  async get() {
    const values = this.#series.flatMap(({ labels, counts, sum }) => {
      let total = 0;
      const bounds = [...this.buckets, "+Inf"];
      const below = counts.map((count, at) => {
        total += count;
        return { labels: { ...labels, le: bounds[at]! }, value: total, metricName: `${this.name}_bucket` };
      });
      const whole = [
        { labels, value: sum, metricName: `${this.name}_sum` },
        { labels, value: total, metricName: `${this.name}_count` },
      ];
      return [...below, ...whole];
    });
    const { name, help, type, aggregator } = this;
    return { name, help, type, aggregator, values };
  }

  reset(): void {
    for (const tally of this.#series) {
      tally.counts.fill(0);
      tally.sum = 0;
    }
  }
}
