import type { ChunkCache } from "@headwater/cache";
import { type Kv, nextToken } from "@headwater/kv";
import type { InitReport } from "@headwater/media-inspection";
import type { Notices } from "@headwater/notices";
import { isOutOfWindow, isTooEarly, numberAt } from "@headwater/timeline";
import { type Catalog, type EventView, templateOf } from "../catalog/index.ts";
import { Committer } from "../committer.ts";
import { KeyedMutex } from "../keyed-mutex.ts";
import {
  bucketOf,
  candidateRow,
  candidatesId,
  type EventRecord,
  type PipelineRecord,
  shapeRow,
} from "../model/index.ts";
import { Candidates, type IncomingSegment, type Stored } from "./candidates.ts";
import { Numbering } from "./numbering.ts";
import { Upload } from "./upload.ts";

export interface SegmentWriterOptions {
  readonly kv: Kv;
  readonly cache: ChunkCache;
  readonly notices: Notices;
  readonly catalog: Catalog;
  readonly nowMs: () => number;
}

/** The publisher's whole use of the store: bodies in, one committed row each. Every method rejects with KvError only. */
export class SegmentWriter {
  readonly committer: Committer;
  readonly #options: SegmentWriterOptions;
  readonly #candidates: Candidates;
  readonly #mutex = new KeyedMutex();

  constructor(options: SegmentWriterOptions) {
    this.#options = options;
    this.committer = new Committer(options.kv, options.notices, options.catalog);
    this.#candidates = new Candidates(this.committer, new Numbering(this.committer, options.nowMs), options.nowMs);
  }

  /** Begins a body. */
  upload(event: EventRecord): Upload {
    const { kv, cache, nowMs } = this.#options;
    return new Upload(kv, cache, event.retention, nowMs());
  }

  view(event: EventRecord): EventView {
    return this.#options.catalog.view(event);
  }

  /**
   * Whether a number may come now: on `epoch` and `fixed`, not more than two durations before its start and not out of
   * the DVR window. Undefined if it may, else the numbers that might.
   */
  async outsideTemplate(event: EventRecord, number: number): Promise<{ first: number; last: number } | undefined> {
    if (event.timeline === "first-segment") return undefined;
    const view = this.view(event);
    const nowMs = this.#options.nowMs();
    await view.ensureShape(nowMs);
    const template = templateOf(event, view.shape)!;
    const isBeforeFirst =
      event.startNumber !== undefined || event.timeline === "fixed" ? number < template.first : false;
    const isAfterLast = template.last !== undefined && number > template.last;
    if (
      !isBeforeFirst &&
      !isAfterLast &&
      !isTooEarly(template, number, nowMs) &&
      !isOutOfWindow(template, number, nowMs)
    ) {
      return undefined;
    }
    const oldest = numberAt(template, nowMs - template.dvrWindowMs);
    return { first: Math.max(template.first, oldest, 0), last: template.last ?? numberAt(template, nowMs) + 2 };
  }

  /** Commits an upload as a segment; gives its bytes up when they are not needed. */
  async storeSegment(event: EventRecord, segment: IncomingSegment): Promise<Stored> {
    const { uid } = event;
    return this.#mutex.run(`${uid}/${segment.pipeline.id}/${segment.rendition}`, () =>
      this.#candidates.store(this.view(event), segment),
    );
  }

  /** Stores an init segment of a rendition, and gives it to segments that came before it. */
  async storeInit(
    event: EventRecord,
    init: { pipeline: PipelineRecord; rendition: string; hash: string; bytes: Buffer; report: InitReport },
  ): Promise<"stored" | "same" | "replaced"> {
    const view = this.view(event);
    const nowMs = this.#options.nowMs();
    await view.ensureShape(nowMs);
    const newest = view.shape.newestInit(init.rendition, init.pipeline.id);
    const record = {
      rendition: init.rendition,
      pipeline: init.pipeline.id,
      hash: init.hash,
      base64: init.bytes.toString("base64"),
      report: init.report,
      atMs: nowMs,
    };
    await this.committer.put(
      "control",
      shapeRow(event.uid, "init", record, nextToken(nowMs, view.shape.tokenUs("init", record))),
    );
    if (newest === undefined) await this.#giveInit(view, init.pipeline, init.rendition, init.hash);
    if (newest === undefined) return "stored";
    return newest.hash === init.hash ? "same" : "replaced";
  }

  /** Segments whose init came after them say `no-init` until now. */
  async #giveInit(view: EventView, pipeline: PipelineRecord, rendition: string, hash: string): Promise<void> {
    if (view.shape.stream(rendition) === undefined) return;
    const tail = await view.ensureTail(rendition, this.#options.nowMs());
    for (let number = tail.lowest; number <= (tail.highest ?? -1); number += 1) {
      for (const candidate of tail.candidates(number)) {
        if (candidate.pipeline !== pipeline.id || !candidate.report.defects.includes("no-init")) continue;
        const defects = candidate.report.defects.filter((defect) => defect !== "no-init");
        const mended = { ...candidate, init: hash, report: { ...candidate.report, defects } };
        const id = candidatesId(view.uid, rendition, bucketOf(number));
        await this.committer.put(
          view.event.retention,
          candidateRow(id, mended, nextToken(this.#options.nowMs(), candidate.stampMs * 1000)),
        );
      }
    }
  }
}
