import type { IssuedToken } from "@headwater/segment-store/events";
import type { EventRecord } from "@headwater/segment-store/model";
import { durationMs, type Rational } from "@headwater/timeline";

/** Where encoders of a pipeline push to. */
export const publishUrl = (base: string, event: string, pipeline: string): string =>
  `${base}/publish/${event}/${pipeline}/`;

/** An event as operators see it (interface §2). `issued`: tokens made just now, shown this once. */
export function eventJson(event: EventRecord, publishBase: string, issued: readonly IssuedToken[] = []) {
  const tokens = new Map(issued.map(({ pipeline, publishToken }) => [pipeline, publishToken]));
  return {
    id: event.id,
    version: event.version,
    createdAt: iso(event.createdAtMs),
    timeline: event.timeline,
    segmentDuration: durationJson(event.segmentDuration),
    startTime: event.startTimeMs === undefined ? undefined : iso(event.startTimeMs),
    startNumber: event.startNumber,
    pipelines: event.pipelines.map(({ id, region }) => ({
      id,
      region,
      publishUrl: publishUrl(publishBase, event.id, id),
      publishToken: tokens.get(id),
    })),
    renditions: event.renditions,
    publishDelayMs: event.publishDelayMs,
    holdMs: event.holdMs,
    retryDeadlineMs: event.retryDeadlineMs,
    graceMs: event.graceMs,
    dvrWindowMs: event.dvrWindowMs,
    retention: event.retention,
    liveEdgeSegments: event.liveEdgeSegments,
    decodeTime: event.decodeTime,
    end: event.end && { at: iso(event.end.atMs), lastNumber: lastNumberJson(event.end.lastNumber) },
  };
}

export const iso = (ms: number): string => new Date(ms).toISOString();

/** null: the event ended before anything was published. */
const lastNumberJson = (lastNumber = -1): number | null => (lastNumber < 0 ? null : lastNumber);

/** Whole milliseconds, else a fraction of seconds. */
function durationJson(duration: Rational): number | string {
  const ms = durationMs(duration);
  return Number.isInteger(ms) ? ms : `${duration.num}/${duration.den}`;
}
