const WRAP = 2 ** 33;

export interface TimestampSpan {
  add(pts: number, dts: number | undefined): void;
  readonly count: number;
  /** DTS of the first, else its PTS; undefined before it. */
  readonly first: number | undefined;
  /** From the smallest PTS to the largest and one frame more; undefined with fewer than two. */
  durationTicks(): number | undefined;
}

/** The span of a stream's timestamps, in any order of presentation and over a wrap of their 33 bits. */
export function createTimestampSpan(): TimestampSpan {
  let count = 0;
  let first: number | undefined;
  let origin = 0;
  let min = 0;
  let max = 0;

  return {
    add(pts, dts) {
      if (count++ === 0) {
        first = dts ?? pts;
        origin = pts;
        return;
      }
      // Distance from the first, at most half the range either way.
      const distance = ((pts - origin + 1.5 * WRAP) % WRAP) - WRAP / 2;
      min = Math.min(min, distance);
      max = Math.max(max, distance);
    },
    get count() {
      return count;
    },
    get first() {
      return first;
    },
    durationTicks: () => (count < 2 ? undefined : Math.round(((max - min) * count) / (count - 1))),
  };
}
