import { setTimeout as sleep } from "node:timers/promises";
import { type ChunkRef, nextToken } from "@headwater/kv";
import { compareDefects, completeReport, type ObjectReport, type SegmentReport } from "@headwater/media-inspection";
import { durationMs, expectedPublishMs, numberStartMs, retryDeadlineMs } from "@headwater/timeline";
import { type EventView, templateOf } from "../catalog/index.ts";
import type { Committer } from "../committer.ts";
import {
  bucketOf,
  type Candidate,
  candidateRow,
  candidatesId,
  type InitRecord,
  type PipelineRecord,
  type RunRecord,
  shapeRow,
} from "../model/index.ts";
import type { Numbering } from "./numbering.ts";

/** A segment whose bytes are durable and whose rendition and incoming number are known. */
export interface IncomingSegment {
  readonly pipeline: PipelineRecord;
  readonly rendition: string;
  readonly incoming: number;
  readonly ext: string;
  readonly ref: ChunkRef;
  /** Until when the cache zones are waited for. */
  readonly cached?: Promise<void>;
  readonly report: ObjectReport & { kind: "segment" };
  /** Defects that the packager itself reports. */
  readonly packagerDefects: readonly string[];
}

/** `ended`: the number lies behind the last one of an event that has ended, so nobody would ever see it. */
export type StoreResult = "stored" | "same" | "replaced" | "conflict" | "ended";

export interface Stored {
  readonly result: StoreResult;
  /** The copy that is committed now; absent when `ended`. */
  readonly candidate?: Candidate;
}

const INIT_WAIT_MS = 300;
const INIT_POLL_MS = 10;
/** 33 bits of a 90 kHz clock, in ms: when the media time of a transport stream begins again. */
const TS_WRAP_MS = 2 ** 33 / 90;
/** A media time further off than this from the moment of arrival does not tell when the segment was made. */
const MEDIA_CLOCK_TOLERANCE_MS = 10_000;

/** Makes uploads visible: one row each, after the small rows that lead readers to it. */
export class Candidates {
  readonly #committer: Committer;
  readonly #numbering: Numbering;
  readonly #nowMs: () => number;

  constructor(committer: Committer, numbering: Numbering, nowMs: () => number) {
    this.#committer = committer;
    this.#numbering = numbering;
    this.#nowMs = nowMs;
  }

  /**
   * Commits an upload under its number. The same bytes again: `same`; other bytes under a committed name: `replaced`
   * while that copy is defective and before its retry deadline, else `conflict`, and nothing changes. Rejects with KvError.
   */
  async store(view: EventView, segment: IncomingSegment): Promise<Stored> {
    const { pipeline, rendition, ref } = segment;
    const arrivalMs = this.#nowMs();
    await view.ensureShape(arrivalMs);
    for (const stream of view.shape.all("stream")) await view.ensureTail(stream.rendition, arrivalMs);

    let init = await this.#initOf(view, segment);
    let report = reportOf(segment, init);
    const arrival = {
      pipeline: pipeline.id,
      rendition,
      incoming: segment.incoming,
      hash: ref.hash,
      report,
      nowMs: arrivalMs,
    };
    const { number, run } = await this.#numbering.resolve(view, arrival);
    if (init !== undefined && run !== undefined && isOfRunBefore(init, view, run)) {
      init = await this.#initOnItsWay(view, rendition, pipeline.id);
      report = reportOf(segment, init);
    }

    const last = view.event.end?.lastNumber;
    if (last !== undefined && number > last) return { result: "ended" };
    const committed = await this.#numbering.candidatesOf(view, rendition, pipeline.id, number);
    const verdict = judge(committed, ref.hash, view, number, arrivalMs);
    if (verdict.result === "same" || verdict.result === "conflict") {
      return { result: verdict.result, candidate: verdict.candidate! };
    }

    const newestBefore = view.highest;
    await this.#announce(view, segment, number);
    const candidate = await this.#commit(view, { segment, number, run, init, report });
    await this.#numbering.anchor(view, candidate, rendition, number > newestBefore);
    return { result: verdict.result, candidate };
  }

  /** The pipeline's newest init of the rendition; asks the store itself before it says that there is none. */
  async #initOf(view: EventView, { pipeline, rendition, report }: IncomingSegment): Promise<InitRecord | undefined> {
    if (report.container !== "fmp4") return undefined;
    const known = view.shape.newestInit(rendition, pipeline.id);
    if (known !== undefined) return known;
    if (view.tail(rendition).progress(pipeline.id) === undefined) {
      return this.#initOnItsWay(view, rendition, pipeline.id);
    }
    await view.reloadShape();
    return view.shape.newestInit(rendition, pipeline.id);
  }

  /**
   * An encoder that starts sends its init in the same instant as its first segment, and the segment may be the first
   * to be here. Waits for a newer init than the one that is known; none may come.
   */
  async #initOnItsWay(view: EventView, rendition: string, pipeline: string): Promise<InitRecord | undefined> {
    const newest = () => view.shape.newestInit(rendition, pipeline);
    const knownAtMs = newest()?.atMs;
    for (let waitedMs = 0; waitedMs < INIT_WAIT_MS && newest()?.atMs === knownAtMs; waitedMs += INIT_POLL_MS) {
      await sleep(INIT_POLL_MS);
    }
    if (newest()?.atMs === knownAtMs) await view.reloadShape();
    return newest();
  }

  /** The rows that lead to the candidate's partition come first, so that nobody who sees them misses it. */
  async #announce(view: EventView, segment: IncomingSegment, number: number): Promise<void> {
    const { rendition, ext, report } = segment;
    const { shape, uid } = view;
    const stream = shape.stream(rendition);
    if (stream === undefined || number < stream.firstNumber || !stream.exts.includes(ext)) {
      const record = {
        rendition,
        exts: [...new Set([...(stream?.exts ?? []), ext])],
        firstNumber: Math.min(number, stream?.firstNumber ?? number),
        codecs: report.codecs,
      };
      const tokenUs = nextToken(this.#nowMs(), shape.tokenUs("stream", record));
      await this.#committer.put("control", shapeRow(uid, "stream", record, tokenUs));
    }
    const bucket = { rendition, bucket: bucketOf(number) };
    if (shape.tokenUs("bucket", bucket) === undefined) {
      await this.#committer.put("control", shapeRow(uid, "bucket", bucket, nextToken(this.#nowMs())));
    }
  }

  async #commit(
    view: EventView,
    made: {
      segment: IncomingSegment;
      number: number;
      run: RunRecord | undefined;
      init: InitRecord | undefined;
      report: Candidate["report"];
    },
  ): Promise<Candidate> {
    const { segment, number, run, init, report } = made;
    const { event, uid } = view;
    const template = templateOf(event, view.shape);
    const lengthMs =
      report.duration === undefined
        ? durationMs(template?.duration ?? event.segmentDuration)
        : (1000 * report.duration.ticks) / report.duration.timescale;
    const at = (stampMs: number): Candidate => ({
      number,
      pipeline: segment.pipeline.id,
      region: segment.pipeline.region,
      ref: segment.ref,
      ext: segment.ext,
      run: run?.run ?? 0,
      ...(init === undefined ? {} : { init: init.hash }),
      stampMs,
      startMs:
        run === undefined && template !== undefined
          ? numberStartMs(template, number)
          : programTimeMs(report, run, stampMs - lengthMs),
      durationMs: lengthMs,
      latenessMs: template === undefined ? 0 : Math.round(stampMs - expectedPublishMs(template, number)),
      report,
    });
    const id = candidatesId(uid, segment.rendition, bucketOf(number));
    const begunMs = this.#nowMs();
    const candidate = at(begunMs);
    const row = candidateRow(id, candidate, nextToken(begunMs));
    await this.#committer.put(event.retention, row, segment.cached);
    const tookMs = this.#nowMs() - begunMs;
    if (event.pipelines.length === 1 || tookMs <= event.graceMs / 2) return candidate;
    // Others may already have chosen without it: it counts from when it could be seen.
    const anew = at(this.#nowMs());
    await this.#committer.put(event.retention, candidateRow(id, anew, nextToken(this.#nowMs(), row.tokenUs)));
    return anew;
  }
}

function reportOf({ report, packagerDefects }: IncomingSegment, init: InitRecord | undefined): SegmentReport {
  const complete = completeReport(report, init?.report);
  return { ...complete, defects: [...new Set([...complete.defects, ...packagerDefects])].sort(compareDefects) };
}

/** Whether the rendition has nothing in this run yet, and its init came before the end of the run before. */
function isOfRunBefore({ rendition, pipeline, atMs }: InitRecord, view: EventView, run: RunRecord): boolean {
  const progress = view.tail(rendition).progress(pipeline);
  return progress !== undefined && progress.run < run.run && atMs <= progress.lastCommitMs;
}

function judge(
  committed: readonly Candidate[],
  hash: string,
  view: EventView,
  number: number,
  nowMs: number,
): { result: StoreResult; candidate?: Candidate } {
  const same = committed.find((candidate) => candidate.ref.hash === hash);
  if (same !== undefined) return { result: "same", candidate: same };
  const first = committed[0];
  if (first === undefined) return { result: "stored" };
  const template = templateOf(view.event, view.shape);
  const inTime = template === undefined || nowMs < retryDeadlineMs(template, number);
  const defective = committed.every((candidate) => candidate.report.defects.length > 0);
  return { result: defective && inTime ? "replaced" : "conflict", candidate: first };
}

/** The moment of a segment's first sample: by the run's media clock where it holds, else by its arrival. */
function programTimeMs(report: Candidate["report"], run: RunRecord | undefined, byArrivalMs: number): number {
  if (report.decodeTimeMs === undefined || run?.zero === undefined) return byArrivalMs;
  let sinceZeroMs = report.decodeTimeMs - run.zero.decodeMs;
  if (report.container === "ts" && sinceZeroMs < -TS_WRAP_MS / 2) sinceZeroMs += TS_WRAP_MS;
  const byMediaMs = run.zero.programMs + sinceZeroMs;
  return Math.abs(byMediaMs - byArrivalMs) > MEDIA_CLOCK_TOLERANCE_MS ? byArrivalMs : byMediaMs;
}
