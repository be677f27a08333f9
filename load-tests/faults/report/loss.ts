import type { Sent } from "../traffic/encoder.ts";
import { percentile } from "../traffic/figures.ts";
import { isAcknowledged } from "../traffic/put.ts";
import type { Readers } from "../traffic/readers.ts";

/** What a fault cost. */
export interface Loss {
  readonly puts: Share;
  readonly reads: Share;
  /** Whether everything that was acknowledged was read back, whole. */
  readonly isBack: boolean;
}

/** What it cost those who send, or those who read. */
export interface Share {
  readonly requests: number;
  /** Without an answer that will do. */
  readonly failed: number;
  /** The longest time between two that succeeded, with one between them that failed; 0 where none failed. */
  readonly outageMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** PUTs are sent once; a reader asks again and again. */
export function lossOf(sent: readonly Sent[], readers: Readers): Pick<Loss, "puts" | "reads"> {
  const acknowledged = sent.filter(isAcknowledged);
  const failed = sent.filter((one) => one.endedMs !== undefined && !isAcknowledged(one));
  const puts = share({
    okAtMs: acknowledged.map(({ endedMs }) => endedMs!),
    failedAtMs: failed.map(({ endedMs }) => endedMs!),
    tookMs: acknowledged.map(({ tookMs }) => tookMs),
  });
  const failedAtMs = readers.failed.map(({ atMs }) => atMs);
  return { puts, reads: share({ okAtMs: readers.servedMs, failedAtMs, tookMs: readers.tookMs }) };
}

interface Requests {
  readonly okAtMs: readonly number[];
  readonly failedAtMs: readonly number[];
  readonly tookMs: readonly number[];
}

function share({ okAtMs, failedAtMs, tookMs }: Requests): Share {
  return {
    requests: okAtMs.length + failedAtMs.length,
    failed: failedAtMs.length,
    outageMs: longestOutageMs(okAtMs, failedAtMs),
    p50Ms: percentile(tookMs, 0.5),
    p99Ms: percentile(tookMs, 0.99),
  };
}

/** All times from one clock, in any order. */
export function longestOutageMs(okAtMs: readonly number[], failedAtMs: readonly number[]): number {
  const ok = okAtMs.toSorted((a, b) => a - b);
  const gaps = failedAtMs.map((atMs) => {
    const next = ok.findIndex((ms) => ms > atMs);
    return next > 0 ? ok[next]! - ok[next - 1]! : 0;
  });
  return Math.max(0, ...gaps);
}
