import { demandNone } from "./live.ts";
import type { Sent } from "./traffic/encoder.ts";
import { describeMs } from "./traffic/figures.ts";

export interface RefusalOptions {
  readonly status: number;
  readonly withinMs: number;
  /** Whether a PUT may have been refused then; at any time unless told. */
  readonly isOut?: (endedMs: number) => boolean;
}

/** Says how long the PUTs took that were not taken. Throws where one was answered otherwise, too late, or when it had to be taken. */
export function judgeRefusals(
  failed: readonly Sent[],
  { status, withinMs, isOut = () => true }: RefusalOptions,
): string {
  const wrong = failed.filter((put) => put.status !== status || put.tookMs > withinMs || !isOut(put.endedMs!));
  demandNone(wrong.map((put) => `${put.status ?? "no answer"} after ${put.tookMs.toFixed(0)} ms`));
  return `${failed.length} × ${status}, ${describeMs(failed.map(({ tookMs }) => tookMs))}`;
}
