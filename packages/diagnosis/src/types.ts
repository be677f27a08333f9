/** One upload as its row tells it. */
export interface Copy {
  readonly number: number;
  /** Which start of the pipeline's encoder it belongs to. */
  readonly run: number;
  /** When it was there, ms since the Unix epoch. */
  readonly stampMs: number;
  readonly durationMs: number;
  /** Behind its expected publish; negative when early. */
  readonly latenessMs: number;
  /** Whether the duration is a video track's. */
  readonly video: boolean;
  readonly container: string;
  /** Worst first; those with a value read `jump;ms=120`. */
  readonly defects: readonly string[];
}

/** What one pipeline publishes of one rendition. */
export interface RenditionFeed {
  readonly rendition: string;
  readonly pipeline: string;
  /** When the newest copy came, also when it is no longer among `copies`. */
  readonly lastStampMs: number;
  /** The newest ones, at most one of a number, lowest number first. */
  readonly copies: readonly Copy[];
  /** Kinds of its tracks (`video`, `audio`, …); absent where nothing tells. */
  readonly tracks?: readonly string[];
}

/** An event and what comes in for it. */
export interface EventFeed {
  readonly timeline: "epoch" | "fixed" | "first-segment";
  /** How long the event expects a segment to be. */
  readonly segmentDurationMs: number;
  readonly publishDelayMs: number;
  readonly holdMs: number;
  readonly retryDeadlineMs: number;
  /** `fixed` only: start of its first number. */
  readonly startTimeMs?: number;
  readonly ended: boolean;
  /** In the event's order. */
  readonly pipelines: readonly string[];
  /** Named at creation. */
  readonly renditions: readonly string[];
  readonly feeds: readonly RenditionFeed[];
  /** Starts of encoders, as far as the timeline tells them: run 0 is a pipeline's first. */
  readonly runs: readonly { readonly pipeline: string; readonly run: number; readonly startedAtMs: number }[];
}

/** Worst first. */
export const SEVERITIES = ["error", "warning", "info"] as const;
export type Severity = (typeof SEVERITIES)[number];

/** Within a severity: what to look at first, first. */
export const CODES = [
  "nothing-published",
  "pipeline-silent",
  "rendition-silent",
  "rendition-missing",
  "no-init",
  "defective-copies",
  "segment-duration",
  "irregular-durations",
  "number-offset",
  "slower-than-real-time",
  "faster-than-real-time",
  "late",
  "out-of-step",
  "missing-numbers",
  "drift",
  "encoder-restarts",
  "containers-differ",
  "audio-missing",
] as const;
export type Code = (typeof CODES)[number];

/** Something wrong with a feed: `message` says in one sentence what is seen, what was expected, and what to do. */
export interface Finding {
  readonly severity: Severity;
  readonly code: Code;
  readonly rendition?: string;
  readonly pipeline?: string;
  readonly message: string;
}
