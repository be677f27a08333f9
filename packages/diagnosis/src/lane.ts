import { median } from "./statistics.ts";
import { RECENT_COPIES, SILENT_DURATIONS, SILENT_MIN_MS } from "./thresholds.ts";
import type { Code, Copy, EventFeed, Finding, RenditionFeed, Severity } from "./types.ts";

/** One pipeline's feed of one rendition, as the checks look at it. */
export interface Lane {
  readonly event: EventFeed;
  readonly feed: RenditionFeed;
  /** Copies of the encoder's newest run, lowest number first. */
  readonly run: readonly Copy[];
  /** The newest of them. */
  readonly recent: readonly Copy[];
  /** How often a segment comes: by the event, or by the media if that is longer. */
  readonly everyMs: number;
}

export function laneOf(event: EventFeed, feed: RenditionFeed): Lane {
  const newest = feed.copies.reduce((highest, { run }) => Math.max(highest, run), 0);
  const run = feed.copies.filter((copy) => copy.run === newest);
  const recent = run.slice(-RECENT_COPIES);
  const mediaMs = recent.length === 0 ? 0 : median(recent.map((copy) => copy.durationMs));
  return { event, feed, run, recent, everyMs: Math.max(event.segmentDurationMs, mediaMs) };
}

/** Nothing has come for so long that it is no matter of a slow segment; never so once the event has ended. */
export function isSilent({ event, feed, everyMs }: Lane, nowMs: number): boolean {
  return !event.ended && nowMs - feed.lastStampMs > silentAfterMs(everyMs);
}

export const silentAfterMs = (everyMs: number): number => Math.max(SILENT_DURATIONS * everyMs, SILENT_MIN_MS);

/** How a rendition is named in a sentence; its pipeline as well where there are several. */
export function subject({ event, feed }: Lane): string {
  return event.pipelines.length > 1 ? `${feed.rendition} of pipeline ${feed.pipeline}` : feed.rendition;
}

/** A finding about a lane: its sentence begins with the lane's name. */
export function about(lane: Lane, severity: Severity, code: Code, text: string): Finding {
  const { rendition, pipeline } = lane.feed;
  return { severity, code, rendition, pipeline, message: `${subject(lane)}: ${text}` };
}

/** The newest copies whose numbers follow one another, at most `max`, lowest first, as far back as all are `fit`. */
export function consecutive(copies: readonly Copy[], max: number, fit: (copy: Copy) => boolean): readonly Copy[] {
  let from = copies.length;
  while (from > 0 && copies.length - from < max) {
    const copy = copies[from - 1]!;
    const after = copies[from];
    if (!fit(copy) || (after !== undefined && after.number !== copy.number + 1)) break;
    from -= 1;
  }
  return copies.slice(from);
}
