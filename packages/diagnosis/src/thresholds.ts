/** Copies that most checks look at: a minute of 2 s segments, short enough to forget what is mended. */
export const RECENT_COPIES = 30;
/** Fewer than this say nothing of a habit: a first segment may be odd. */
export const MIN_COPIES = 3;

/** A segment may be off by a tenth: encoders cut at the frame or access unit next to the end. */
export const DURATION_TOLERANCE = 0.1;
/** And always by two frames of AAC at 22 kHz, which weigh more in segments below a second. */
export const DURATION_TOLERANCE_MIN_MS = 100;
/** So many odd durations among the recent copies are no accident such as an encoder's restart or an inserted spot. */
export const IRREGULAR_COPIES = 3;

/** Drift is told once it has summed up to more than one frame at 24 a second: less is an encoder keeping to its clock. */
export const DRIFT_SUM_MS = 45;
/** Below this many copies in a row an odd one would look like drift. */
export const DRIFT_MIN_COPIES = 10;
/** Twice as many as elsewhere: 1 ms a segment sums up to 60 ms. */
export const DRIFT_COPIES = 60;

/** Late is what an anchor of `first-segment` is moved for: a quarter of a duration behind the expected publish. */
export const LATE_DURATIONS = 0.25;
/** And never less than clocks may be off (`HEADWATER_CLOCK_TOLERANCE_MS`). */
export const LATE_MIN_MS = 500;
/** No segment is whole before it has ended: half a duration early is another number, less may be a clock. */
export const AHEAD_DURATIONS = 0.5;
export const AHEAD_MIN_MS = 1000;

/** The pace is the median of so many intervals at least, and wrong from a quarter on: networks jitter less. */
export const PACE_MIN_INTERVALS = 8;
export const PACE_TOLERANCE = 0.25;

/** Silence: nothing for three durations, as the origin calls a rendition stalled, but not within a hiccup of seconds. */
export const SILENT_DURATIONS = 3;
export const SILENT_MIN_MS = 3000;

/** One number behind is an upload in flight. */
export const OUT_OF_STEP_NUMBERS = 2;
/** With short segments several are in flight at once. */
export const OUT_OF_STEP_MIN_MS = 1000;

/** Restarts of this long are told; from `RESTARTS_MANY` on an encoder does not stay up by itself. */
export const RESTARTS_WINDOW_MS = 600_000;
export const RESTARTS_MANY = 3;

/** From this share of defective copies on viewers see little else. */
export const DEFECTIVE_SHARE_ERROR = 0.5;
