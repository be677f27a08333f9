import { durationMs, isSegmentDuration, mean, multipleMs } from "./rational.ts";
import type { Anchoring, Rational } from "./types.ts";

export interface Arrival {
  readonly number: number;
  /** When its last byte came: it ended then. */
  readonly nowMs: number;
  /** Media durations of the newest segments, those of video where there are any. */
  readonly recentDurations: readonly Rational[];
}

/**
 * `first-segment`: a new anchor when a number comes more than a quarter of a duration before or after its end by the
 * old one, else undefined. To be asked when a number first raises the highest published in any rendition: a late
 * filling, or the same number in another rendition, says nothing about drift.
 */
export function reanchor({ anchor, duration }: Anchoring, arrival: Arrival): Anchoring | undefined {
  const { number, nowMs, recentDurations } = arrival;
  if (number <= anchor.number) return undefined;
  const expectedEndMs = anchor.endMs + multipleMs(number - anchor.number, duration);
  if (Math.abs(nowMs - expectedEndMs) <= durationMs(duration) / 4) return undefined;
  return { anchor: { number, endMs: nowMs }, duration: measured(recentDurations) ?? duration };
}

function measured(durations: readonly Rational[]): Rational | undefined {
  if (durations.length === 0) return undefined;
  const duration = mean(durations);
  return isSegmentDuration(duration) ? duration : undefined;
}
