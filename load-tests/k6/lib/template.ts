/** Which numbers are due, as `Headwater-Template` tells it: an edge that reads it asks as these scenarios do. */
import { parseTemplateHeader } from "../../../packages/edge-protocol/src/template-header.ts";

export interface SegmentClock {
  readonly durationMs: number;
  /** When the number ends, ms since the Unix epoch: no encoder can have it sooner. */
  endOf(number: number): number;
  /** When it is expected to be published. */
  dueAt(number: number): number;
  /** The newest number that is expected to be published. */
  newestDue(nowMs: number): number;
  /** The oldest number that stays in the DVR window for some seconds more. */
  oldest(nowMs: number): number;
}

const LEAVING_MS = 10_000;
/** Each of k6's virtual users has its own: the anchor of an event may move while a test goes on. */
let newest: string | undefined;

/** Takes what an answer said, if it said something. */
export function learn(header: string | undefined): void {
  newest = header || newest;
}

/** By the newest header that this virtual user has seen, else by the one that `setup` found. */
export function segmentClock(found: string): SegmentClock {
  const template = parseTemplateHeader(newest ?? found);
  if (template === undefined) throw new Error(`no segment template: ${newest ?? found}`);
  const { duration, startMs, first, publishDelayMs, dvrWindowMs } = template;
  const durationMs = (1000 * duration.num) / duration.den;
  const endOf = (number: number) => startMs + (number + 1) * durationMs;
  const endedAt = (atMs: number) => Math.floor((atMs - startMs) / durationMs) - 1;
  return {
    durationMs,
    endOf,
    dueAt: (number) => endOf(number) + publishDelayMs,
    newestDue: (nowMs) => endedAt(nowMs - publishDelayMs),
    oldest: (nowMs) => Math.max(first, endedAt(nowMs - dvrWindowMs + LEAVING_MS) + 1),
  };
}
