/** A positive fraction in lowest terms. As a duration: `num / den` seconds. */
export interface Rational {
  readonly num: number;
  readonly den: number;
}

/**
 * The segment template of one event: which number is made when. Number N covers
 * [startMs + N·d, startMs + (N + 1)·d); `startMs` is the start of number 0 (ms since the Unix epoch, may be a
 * fraction or negative).
 */
export interface Template {
  readonly duration: Rational;
  readonly startMs: number;
  /** The lowest number there ever was or will be. */
  readonly first: number;
  /** The last number of an ended event; undefined while it goes on. */
  readonly last?: number;
  readonly publishDelayMs: number;
  readonly retryDeadlineMs: number;
  readonly holdMs: number;
  readonly dvrWindowMs: number;
}

/** What is known of one rendition when a number is asked for. */
export interface RenditionState {
  /** Highest number published, undefined while there is none. */
  readonly highest?: number;
  /** Of the number asked: `published`, `masked` (all its candidates are), or `absent`. */
  readonly presence: "published" | "masked" | "absent";
  /** Nothing committed for three durations. */
  readonly stalled: boolean;
}

/** The answer to a GET of one number, before bytes come into play. `untilMs`: the moment at which it may change. */
export type Decision =
  | { readonly kind: "published"; readonly class: "live-edge" | "dvr"; readonly untilMs: number }
  | { readonly kind: "hold"; readonly untilMs: number }
  | { readonly kind: "masked"; readonly untilMs: number }
  | { readonly kind: "before-first"; readonly untilMs: number }
  | { readonly kind: "after-last"; readonly untilMs: number }
  | { readonly kind: "out-of-window"; readonly untilMs: number }
  | { readonly kind: "gone"; readonly untilMs: number }
  | { readonly kind: "hole"; readonly untilMs: number }
  | { readonly kind: "early"; readonly untilMs: number };

/** One encoder start: incoming number i is our number `originBase + (i - incomingBase)`. */
export interface Run {
  readonly pipeline: string;
  /** Counts the starts of this pipeline's encoder from 0. */
  readonly run: number;
  readonly incomingBase: number;
  readonly originBase: number;
}
