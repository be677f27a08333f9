/** What a benchmark found. */
export interface Result {
  readonly title: string;
  readonly rows: readonly object[];
  /** One line for each goal of the design. */
  readonly verdict: string;
  /** Of everything that was measured. */
  readonly versions?: Readonly<Record<string, string>>;
}

/** `2.31 (goal at most 1.2: MISSED)` */
export function atMost(ratio: number, goal: number): string {
  return `${ratio.toFixed(2)} (goal at most ${goal}: ${ratio <= goal ? "met" : "MISSED"})`;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value below which this share of the values lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
