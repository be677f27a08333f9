import type { Copy, EventFeed, RenditionFeed } from "../../src/index.ts";

export const NOW = Date.parse("2026-03-01T12:00:00Z");

export const EVENT: EventFeed = {
  timeline: "first-segment",
  segmentDurationMs: 2000,
  publishDelayMs: 500,
  holdMs: 4000,
  retryDeadlineMs: 6000,
  ended: false,
  pipelines: ["a"],
  renditions: [],
  feeds: [],
  runs: [],
};

export interface Making {
  readonly rendition?: string;
  readonly pipeline?: string;
  readonly tracks?: readonly string[];
  readonly count?: number;
  /** Of the newest copy. */
  readonly number?: number;
  /** When it came, before `NOW`. */
  readonly agoMs?: number;
  readonly durationMs?: number;
  /** How far apart they come; their duration unless told. */
  readonly intervalMs?: number;
  readonly latenessMs?: number;
  readonly video?: boolean;
  /** Changes to a copy, by how many are newer. */
  readonly change?: (newer: number) => Partial<Copy>;
  /** Copies left out, by how many are newer. */
  readonly without?: readonly number[];
}

/** A perfect feed of one rendition, with what a test makes of it. */
export function feed(making: Making = {}): RenditionFeed {
  const { count = 30, number = 100, agoMs = 500, durationMs = 2000, latenessMs = -200, without = [] } = making;
  const { rendition = "720p", pipeline = "a", tracks = ["video", "audio"], video = true } = making;
  const { intervalMs = durationMs, change = () => ({}) } = making;
  const newest = NOW - agoMs;
  const copies = Array.from({ length: count }, (_, newer): Copy & { newer: number } => ({
    newer,
    number: number - newer,
    run: 0,
    stampMs: newest - newer * intervalMs,
    durationMs,
    latenessMs,
    video,
    container: "fmp4",
    defects: [],
    ...change(newer),
  }));
  return {
    rendition,
    pipeline,
    tracks,
    lastStampMs: newest,
    copies: copies.filter(({ newer }) => !without.includes(newer)).toReversed(),
  };
}

export const event = (change: Partial<EventFeed>, ...makings: readonly Making[]): EventFeed => ({
  ...EVENT,
  feeds: makings.map(feed),
  ...change,
});
