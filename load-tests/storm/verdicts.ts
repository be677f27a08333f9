import { percentile } from "../faults/traffic/figures.ts";

export interface Verdict {
  readonly what: string;
  /** What was measured, in words. */
  readonly figure: string;
  readonly met: boolean;
}

/** A p99 of fewer is a guess, and said to be one. */
export const ENOUGH = 1_000;

/** p99 against idle. Of no samples nothing is known: missed. */
export function withinIdle(what: string, idle: readonly number[], now: readonly number[], limit: number): Verdict {
  const ratio = percentile(now, 0.99) / percentile(idle, 0.99);
  const few =
    Math.min(idle.length, now.length) < ENOUGH ? `; few samples: a p99 of fewer than ${ENOUGH} is a guess` : "";
  return {
    what: `${what} p99 within ${limit} x idle`,
    figure: `${ratio.toFixed(2)} x (${p99(now)}; idle ${p99(idle)}${few})`,
    met: idle.length > 0 && now.length > 0 && ratio <= limit,
  };
}

const p99 = (samplesMs: readonly number[]): string =>
  `${percentile(samplesMs, 0.99).toFixed(1)} ms of ${samplesMs.length}, p50 ${percentile(samplesMs, 0.5).toFixed(1)}`;

/** A share of all that must be reached. Of nothing nothing is known: missed. */
export function share(what: string, part: number, all: number, limit: number): Verdict {
  return {
    what: `${what} at least ${(100 * limit).toFixed(1)} %`,
    figure: `${all === 0 ? "none was counted" : `${((100 * part) / all).toFixed(3)} %`} (${part} of ${all})`,
    met: all > 0 && part >= limit * all,
  };
}

export function atMost(what: string, value: number, limit: number, unit = ""): Verdict {
  const text = `${Number(value.toFixed(2))}${unit}`;
  return { what: `${what}: at most ${limit}${unit}`, figure: text, met: value <= limit };
}

export const verdictLine = ({ what, figure, met }: Verdict): string =>
  `${met ? "met   " : "MISSED"} ${what}: ${figure}`;
