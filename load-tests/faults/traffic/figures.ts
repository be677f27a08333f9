/** The sample below which a share of all lie; 0 of none. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}

/** Median, and as much of the upper end as the number of samples can tell. */
export function describeMs(samples: readonly number[]): string {
  const at = (share: number) => `${percentile(samples, share).toFixed(0)}`;
  const tail = samples.length >= 200 ? `p99 ${at(0.99)}, ` : "";
  return `p50 ${at(0.5)}, ${tail}max ${at(1)} ms of ${samples.length}`;
}
