import type { Run } from "./types.ts";

/** How far an incoming number may lie from where a run stands and still be taken for part of it. */
const JOIN_REACH = 5;
/** How far a further pipeline's own numbers may lie from the expected one and still be kept. */
const IDENTITY_REACH = 3;
/** How many durations ahead of its time a number may come before it is a jump. */
const JUMP_REACH = 3;
/** A run's beginning: its first number and those that may have got lost when it began. */
const BEGINNING_REACH = 2;
/** A segment with as many behind it is not sent again because of an error. */
const SAME_BYTES_REACH = 2;
/** Nobody sends a segment again after this long: a number so far back is one counted anew. */
const RETRY_REACH_MS = 60_000;

/** What is known of a pipeline on `first-segment` when one of its numbers comes in. */
export interface RunsState {
  readonly pipeline: string;
  /** The runs of this pipeline, newest last. */
  readonly runs: readonly Run[];
  /** Highest incoming number committed in the newest run, in any rendition of the pipeline. */
  readonly highestIncoming?: number;
  /** The same in this rendition; undefined while it has committed nothing in the newest run. */
  readonly renditionHighestIncoming?: number;
  /** Highest number published in any rendition of the event, by any pipeline. */
  readonly highestOrigin?: number;
  /** Time of the pipeline's last commit, in any rendition. */
  readonly lastCommitMs?: number;
  readonly durationMs: number;
  /** The number that ends nearest to now by the template (`numberEndingNear`); undefined before the anchor. */
  readonly expectedNumber?: number;
}

export interface Observation {
  readonly incoming: number;
  readonly nowMs: number;
  /** Whether the pipeline has committed these bytes under the number of `presumedRun`; undefined: nothing there. */
  readonly sameBytes?: boolean;
  /** An init of this rendition has come in since the rendition's last commit. */
  readonly initSinceLastCommit: boolean;
}

export type Mapping =
  | { readonly kind: "known-run"; readonly run: Run; readonly number: number }
  | { readonly kind: "new-run"; readonly run: Run };

/** Our number for an incoming one; below 0 where the run cannot have it. */
export function originNumber(run: Run, incoming: number): number {
  return run.originBase + incoming - run.incomingBase;
}

/**
 * The run an incoming number falls into unless the encoder has started anew; undefined before the pipeline's first.
 * What is committed under its number is what `mapIncoming` wants to know.
 */
export function presumedRun(state: RunsState, incoming: number): Run | undefined {
  const newest = state.runs.at(-1);
  const before = state.runs.at(-2);
  if (newest === undefined || before === undefined) return newest;
  if (state.renditionHighestIncoming === undefined) return isNear(state, newest, incoming) ? newest : before;
  return isLateOf(before, newest, incoming) && jumpsAhead(state, newest, incoming) ? before : newest;
}

/**
 * Maps an encoder's number to ours, or finds that the encoder has started anew and gives the run that begins with it
 * (interface §2, "Its numbers are ours"). Conflicts are decided elsewhere: other bytes under a committed number with
 * no sign of a restart stay in their run.
 */
export function mapIncoming(state: RunsState, observation: Observation): Mapping {
  const { incoming } = observation;
  const run = presumedRun(state, incoming);
  if (run === undefined) return { kind: "new-run", run: firstRun(state, incoming) };
  const number = originNumber(run, incoming);
  if (number < 0 || (run === state.runs.at(-1) && startsAnew(state, run, observation))) {
    return { kind: "new-run", run: nextRun(state, incoming) };
  }
  return { kind: "known-run", run, number };
}

/** The first pipeline gives the event its numbers; a further one keeps its own only if they agree. */
function firstRun({ pipeline, expectedNumber }: RunsState, incoming: number): Run {
  const agrees = expectedNumber === undefined || Math.abs(incoming - expectedNumber) <= IDENTITY_REACH;
  return { pipeline, run: 0, incomingBase: incoming, originBase: agrees ? incoming : Math.max(0, expectedNumber) };
}

/** A new run goes on behind the last number. */
function nextRun({ pipeline, runs, highestOrigin }: RunsState, incoming: number): Run {
  const last = runs.at(-1);
  return {
    pipeline,
    run: last === undefined ? 0 : last.run + 1,
    incomingBase: incoming,
    originBase: highestOrigin === undefined ? incoming : highestOrigin + 1,
  };
}

function startsAnew(state: RunsState, newest: Run, observation: Observation): boolean {
  const { incoming, nowMs, sameBytes, initSinceLastCommit } = observation;
  const highest = state.renditionHighestIncoming;
  if (highest === undefined && isNear(state, newest, incoming)) return false;
  if (highest === undefined || incoming > highest) return jumpsAhead(state, newest, incoming);

  const pauseMs = state.lastCommitMs === undefined ? 0 : nowMs - state.lastCommitMs;
  const paused = pauseMs >= state.durationMs;
  const atBeginning = incoming <= newest.incomingBase + BEGINNING_REACH;
  // The same bytes come again after an error, but not the first ones long after: that is a file or a test picture
  // played anew. Its init tells nothing: it comes in the same instant, so that either may be seen first.
  if (sameBytes === true) return paused && atBeginning && highest - incoming >= SAME_BYTES_REACH;

  const interrupted = initSinceLastCommit || paused;
  const wrapped = atBeginning && (highest - incoming) * state.durationMs >= RETRY_REACH_MS;
  return wrapped || (interrupted && (atBeginning || sameBytes === false));
}

/** Whether a number leaves a gap and comes long before its time. */
function jumpsAhead(state: RunsState, newest: Run, incoming: number): boolean {
  const { expectedNumber } = state;
  if (expectedNumber === undefined || incoming - highestOf(state, newest) <= JUMP_REACH) return false;
  return originNumber(newest, incoming) - expectedNumber > JUMP_REACH;
}

function isNear(state: RunsState, newest: Run, incoming: number): boolean {
  const points = [newest.incomingBase, highestOf(state, newest)];
  return points.some((point) => Math.abs(incoming - point) <= JOIN_REACH);
}

/** Whether a number is one of the last of the run before. */
function isLateOf(before: Run, newest: Run, incoming: number): boolean {
  const distance = newest.originBase - originNumber(before, incoming);
  return distance > 0 && distance <= JOIN_REACH;
}

function highestOf({ highestIncoming }: RunsState, newest: Run): number {
  return highestIncoming ?? newest.incomingBase;
}
