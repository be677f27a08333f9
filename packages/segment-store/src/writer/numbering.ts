import { nextToken } from "@headwater/kv";
import type { SegmentReport } from "@headwater/media-inspection";
import {
  durationMs,
  isSegmentDuration,
  mapIncoming,
  numberEndingNear,
  type Observation,
  originNumber,
  presumedRun,
  type Rational,
  type Run,
  type RunsState,
  rational,
  reanchor,
} from "@headwater/timeline";
import { type EventView, type RenditionTail, templateOf } from "../catalog/index.ts";
import type { Committer } from "../committer.ts";
import {
  type AnchorRecord,
  bucketOf,
  type Candidate,
  candidateOf,
  candidatesId,
  numberKey,
  numberKeyEnd,
  type RunRecord,
  shapeRow,
} from "../model/index.ts";

/** What numbering needs to know of a segment that has come whole. */
export interface Arrival {
  readonly pipeline: string;
  readonly rendition: string;
  /** The number in the encoder's own name or list. */
  readonly incoming: number;
  readonly hash: string;
  readonly report: SegmentReport;
  readonly nowMs: number;
}

/** Media durations kept to average over when the timeline is anchored anew. */
const RECENT_DURATIONS = 8;

/** Our numbers for the encoder's, and the anchor of a `first-segment` timeline. */
export class Numbering {
  readonly #committer: Committer;
  readonly #nowMs: () => number;

  constructor(committer: Committer, nowMs: () => number) {
    this.#committer = committer;
    this.#nowMs = nowMs;
  }

  /**
   * The number and run of an arrival. On `epoch` and `fixed` the encoder's number is ours; on `first-segment` runs map
   * it, and an encoder that has started again begins a new run. Rejects with KvError.
   */
  async resolve(view: EventView, arrival: Arrival): Promise<{ number: number; run: RunRecord | undefined }> {
    if (view.event.timeline !== "first-segment") return { number: arrival.incoming, run: undefined };
    const state = this.#state(view, arrival);
    const mapped = mapIncoming(state, await this.#observation(view, arrival, presumedRun(state, arrival.incoming)));
    if (mapped.kind === "known-run") return { number: mapped.number, run: this.#runRecord(view, mapped.run) };
    const run = await this.#startRun(view, mapped.run, arrival);
    // Another process may have started the run first: its numbers count, and the rule is asked again.
    if (run.incomingBase !== mapped.run.incomingBase || run.originBase !== mapped.run.originBase) {
      return this.resolve(view, arrival);
    }
    return { number: originNumber(run, arrival.incoming), run };
  }

  /** All candidates of a number by one pipeline: from the tail, or by a read when it is older. Rejects with KvError. */
  async candidatesOf(
    view: EventView,
    rendition: string,
    pipeline: string,
    number: number,
  ): Promise<readonly Candidate[]> {
    const tail = view.tail(rendition);
    const all = number >= tail.lowest ? tail.candidates(number) : await this.#readCandidates(view, rendition, number);
    return all.filter((candidate) => candidate.pipeline === pipeline);
  }

  /**
   * Keeps the anchor of a `first-segment` timeline true: sets it with the first segment, takes the duration from the
   * first video segment, and moves it when arrivals have drifted. Rejects with KvError.
   */
  async anchor(view: EventView, candidate: Candidate, rendition: string, isNewest: boolean): Promise<void> {
    if (view.event.timeline !== "first-segment") return;
    const anchor = view.shape.anchor();
    const duration = rationalOf(candidate.report) ?? view.event.segmentDuration;
    const here = { number: candidate.number, endMs: candidate.stampMs };
    if (anchor === undefined) {
      const row = shapeRow(
        view.uid,
        "anchor",
        { sequence: 0, ...here, duration, video: candidate.report.video },
        nextToken(candidate.stampMs),
      );
      await this.#committer.putIfAbsent("control", row);
      return;
    }
    if (!anchor.video && candidate.report.video) {
      await this.#putAnchor(view, { ...anchor, sequence: anchor.sequence + 1, duration, video: true });
      return;
    }
    if (!isNewest) return;
    const recentDurations = anchor.video && !candidate.report.video ? [] : this.#recentDurations(view, rendition);
    const moved = reanchor(
      { anchor, duration: anchor.duration },
      { number: candidate.number, nowMs: candidate.stampMs, recentDurations },
    );
    if (moved !== undefined) {
      const next = { ...moved.anchor, sequence: anchor.sequence + 1, duration: moved.duration, video: anchor.video };
      await this.#putAnchor(view, next);
    }
  }

  #putAnchor(view: EventView, anchor: AnchorRecord): Promise<void> {
    const tokenUs = nextToken(this.#nowMs(), view.shape.tokenUs("anchor", anchor));
    return this.#committer.put("control", shapeRow(view.uid, "anchor", anchor, tokenUs));
  }

  #recentDurations(view: EventView, rendition: string): readonly Rational[] {
    const tail = view.tail(rendition);
    const durations: Rational[] = [];
    for (let number = tail.highest ?? -1; number >= tail.lowest && durations.length < RECENT_DURATIONS; number -= 1) {
      const duration = tail.candidates(number).map(({ report }) => rationalOf(report))[0];
      if (duration !== undefined) durations.push(duration);
    }
    return typical(durations);
  }

  #state(view: EventView, arrival: Arrival): RunsState {
    const { pipeline, rendition, nowMs } = arrival;
    const { event, shape } = view;
    const template = templateOf(event, shape);
    const runs = shape.runs(pipeline);
    const newest = runs.at(-1);
    const tails = shape.all("stream").map((stream) => view.tail(stream.rendition));
    const incomingOf = (tail: RenditionTail): number[] => {
      const progress = tail.progress(pipeline);
      if (newest === undefined || progress?.run !== newest.run) return [];
      return [progress.highest - newest.originBase + newest.incomingBase];
    };
    return {
      pipeline,
      runs,
      ...defined("highestIncoming", highest(tails.flatMap(incomingOf))),
      ...defined("renditionHighestIncoming", incomingOf(view.tail(rendition))[0]),
      ...defined("highestOrigin", highest(tails.flatMap((tail) => tail.highest ?? []))),
      ...defined("lastCommitMs", highest(tails.flatMap((tail) => tail.progress(pipeline)?.lastCommitMs ?? []))),
      durationMs: durationMs(template?.duration ?? event.segmentDuration),
      ...defined("expectedNumber", template && numberEndingNear(template, nowMs)),
    };
  }

  async #observation(view: EventView, arrival: Arrival, presumed: Run | undefined): Promise<Observation> {
    const { pipeline, rendition, incoming, nowMs, hash } = arrival;
    const number = presumed && originNumber(presumed, incoming);
    const there = number === undefined || number < 0 ? [] : await this.candidatesOf(view, rendition, pipeline, number);
    const init = view.shape.newestInit(rendition, pipeline);
    const lastCommitMs = view.tail(rendition).progress(pipeline)?.lastCommitMs ?? 0;
    return {
      incoming,
      nowMs,
      ...(there.length > 0 && { sameBytes: there.some((candidate) => candidate.ref.hash === hash) }),
      initSinceLastCommit: init !== undefined && init.atMs > lastCommitMs,
    };
  }

  async #startRun(view: EventView, run: Run, arrival: Arrival): Promise<RunRecord> {
    const { decodeTimeMs, duration } = arrival.report;
    const lengthMs = duration === undefined ? 0 : (1000 * duration.ticks) / duration.timescale;
    const record: RunRecord = {
      ...run,
      startedAtMs: arrival.nowMs,
      ...(decodeTimeMs === undefined ? {} : { zero: { decodeMs: decodeTimeMs, programMs: arrival.nowMs - lengthMs } }),
    };
    await this.#committer.putIfAbsent("control", shapeRow(view.uid, "run", record, nextToken(arrival.nowMs)));
    return this.#runRecord(view, record) ?? record;
  }

  #runRecord(view: EventView, run: Run): RunRecord | undefined {
    return view.shape.runs(run.pipeline).find((known) => known.run === run.run);
  }

  async #readCandidates(view: EventView, rendition: string, number: number): Promise<readonly Candidate[]> {
    const id = candidatesId(view.uid, rendition, bucketOf(number));
    const query = { from: numberKey(number), to: numberKeyEnd(number), limit: 100 };
    const page = await this.#committer.kv.range(view.event.retention, id, query);
    return page.rows.map(candidateOf);
  }
}

function rationalOf({ duration }: SegmentReport): Rational | undefined {
  if (duration === undefined || duration.ticks <= 0) return undefined;
  const exact = rational(duration.ticks, duration.timescale);
  return isSegmentDuration(exact) ? exact : undefined;
}

/** The duration that at least half of them have, since the last segment of a run may be short; else all. */
function typical(durations: readonly Rational[]): readonly Rational[] {
  const common = durations.find(
    ({ num, den }) =>
      2 * durations.filter((other) => other.num === num && other.den === den).length >= durations.length,
  );
  return common === undefined ? durations : [common];
}

const highest = (numbers: readonly number[]): number | undefined =>
  numbers.length === 0 ? undefined : Math.max(...numbers);

/** A property where there is a value for it. */
function defined<K extends string, V>(key: K, value: V | undefined): { [k in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [k in K]: V });
}
