/** A positive fraction in lowest terms. As a duration: `num / den` seconds. */
export interface Rational {
  readonly num: number;
  readonly den: number;
}

/** Where the numbers of a template lie in time: number N covers [startMs + N·d, startMs + (N + 1)·d). */
export interface Grid {
  readonly duration: Rational;
  /** Start of number 0, ms since the Unix epoch; may be a fraction or negative. */
  readonly startMs: number;
}

/** What an event allows around its grid. */
export interface Limits {
  /** The lowest number there was, or was said to be. */
  readonly first: number;
  /** `first` is only the lowest so far: one before it may come until its retry deadline. */
  readonly firstMayFall?: boolean;
  /** The last number of an ended event; undefined while it goes on. */
  readonly last?: number;
  readonly publishDelayMs: number;
  readonly retryDeadlineMs: number;
  readonly holdMs: number;
  readonly dvrWindowMs: number;
}

/** The segment template of one event: which number is made when, and how long it may take. */
export interface Template extends Grid, Limits {}

/** Of a number: `published`, `masked` (all its candidates are), or `absent`. */
export type Presence = "published" | "masked" | "absent";

/** What is known of one rendition when a number is asked for. */
export interface RenditionState {
  /** Highest number published, undefined while there is none. */
  readonly highest?: number | undefined;
  readonly presence: Presence;
  /** Nothing committed for three durations. False before the first commit: the start of an event may be held for. */
  readonly stalled: boolean;
}

/** How firm the choice among a number's candidates is. */
export type Firmness = "settled" | "unsettled" | "least-bad";

/** How urgent it is to read a published number. */
export type ReadClass = "live-edge" | "dvr";

/** The answer to a GET of one number, before bytes come into play. `untilMs`: the moment at which it may change. */
export type Decision =
  | { readonly kind: "published"; readonly class: ReadClass; readonly untilMs: number }
  /** Wait for it until then. */
  | { readonly kind: "hold"; readonly untilMs: number }
  /** Would be held, but nothing comes any more. */
  | { readonly kind: "stalled"; readonly untilMs: number }
  | { readonly kind: "masked"; readonly untilMs: number }
  | { readonly kind: "before-first"; readonly untilMs: number }
  | { readonly kind: "after-last"; readonly untilMs: number }
  | { readonly kind: "out-of-window"; readonly untilMs: number }
  /** Past its retry deadline. */
  | { readonly kind: "gone"; readonly untilMs: number }
  /** Below the highest published, before its retry deadline. */
  | { readonly kind: "hole"; readonly untilMs: number }
  /** Later than the next, or no template yet. */
  | { readonly kind: "early"; readonly untilMs: number };

/** One encoder start: incoming number i is our number `originBase + (i - incomingBase)`. */
export interface Run {
  readonly pipeline: string;
  /** Counts the starts of this pipeline's encoder from 0. */
  readonly run: number;
  readonly incomingBase: number;
  readonly originBase: number;
}

/** A point of the timeline fixed by an arrival: `number` ended at `endMs`. */
export interface Anchor {
  readonly number: number;
  readonly endMs: number;
}

/** A `first-segment` timeline: its anchor and how long a segment is. */
export interface Anchoring {
  readonly anchor: Anchor;
  readonly duration: Rational;
}
