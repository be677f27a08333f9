import type { RetentionClass } from "@headwater/kv";
import type { Rational } from "@headwater/timeline";

export type TimelineKind = "epoch" | "fixed" | "first-segment";

/** A publish token as it is kept: only its SHA-256 (hex). `validUntilMs` is absent while it is the current one. */
export interface TokenRecord {
  readonly sha256: string;
  readonly validUntilMs?: number;
}

export interface PipelineRecord {
  readonly id: string;
  readonly region: string;
  readonly tokens: readonly TokenRecord[];
}

/** An event as its row says it. `uid` is new with every creation and is part of every other id, never the name. */
export interface EventRecord {
  readonly id: string;
  readonly uid: string;
  readonly version: number;
  readonly createdAtMs: number;
  /** Set when the event was deleted; the row stays so that a new event of the name goes on counting versions. */
  readonly deleted?: true;
  readonly timeline: TimelineKind;
  /** `fixed` only: start of `startNumber`. */
  readonly startTimeMs?: number;
  readonly startNumber?: number;
  readonly segmentDuration: Rational;
  readonly pipelines: readonly PipelineRecord[];
  readonly renditions: readonly string[];
  readonly publishDelayMs: number;
  readonly holdMs: number;
  readonly retryDeadlineMs: number;
  readonly graceMs: number;
  readonly dvrWindowMs: number;
  readonly retention: RetentionClass;
  readonly liveEdgeSegments: number;
  readonly decodeTime: "free" | "epoch";
  readonly end?: { readonly atMs: number; readonly lastNumber?: number };
}
