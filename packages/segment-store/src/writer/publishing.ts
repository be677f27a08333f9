import { readPlaylist } from "@headwater/playlists";
import { LRUCache } from "lru-cache";
import type { EventRecord, PipelineRecord } from "../model/index.ts";
import type { StoreResult } from "./candidates.ts";
import { applyMasterPlaylist } from "./listings.ts";
import { NamedObjects } from "./named-objects.ts";
import type { ObjectPath } from "./object-path.ts";
import { SegmentWriter, type SegmentWriterOptions } from "./segment-writer.ts";
import type { Upload, Uploaded } from "./upload.ts";

export type PublishingOptions = SegmentWriterOptions;

/** Where an encoder puts an object. */
export interface PublishedObject {
  readonly event: EventRecord;
  readonly pipeline: PipelineRecord;
  readonly path: ObjectPath & { kind: "segment" | "object" };
  /** Defects that the packager itself reports. */
  readonly defects: readonly string[];
}

export interface PublishResult {
  readonly result: StoreResult;
  /** Behind the expected publish, ms; absent for what is not a numbered segment yet. */
  readonly latenessMs?: number;
}

/** An init must fit its row. */
const INIT_MAX_BYTES = 256 * 1024;

/** What the publisher does with each kind of object once its body is here. Every method rejects with KvError only, unless said. */
export class Publishing {
  readonly #writer: SegmentWriter;
  readonly #named: NamedObjects;
  readonly #nowMs: () => number;
  readonly #playlistsSeen = new LRUCache<string, true>({ max: 4096 });

  constructor(options: PublishingOptions) {
    this.#writer = new SegmentWriter(options);
    this.#named = new NamedObjects(options.kv, this.#writer, options.nowMs);
    this.#nowMs = options.nowMs;
  }

  /** Begins a media body. */
  upload(event: EventRecord): Upload {
    return this.#writer.upload(event);
  }

  /** The numbers that might come now if this one may not (409 `outside-template`); undefined if it may. */
  outsideTemplate(event: EventRecord, number: number): Promise<{ first: number; last: number } | undefined> {
    return this.#writer.outsideTemplate(event, number);
  }

  /** A media object has come whole: an init, a segment told by its path, or one that a playlist will tell of. */
  async store(object: PublishedObject, uploaded: Uploaded): Promise<PublishResult> {
    const isInit = uploaded.report.kind === "init";
    const { usedNonce, ...stored } = isInit
      ? await this.#storeInit(object, uploaded)
      : await this.#storeSegment(object, uploaded);
    if (usedNonce !== uploaded.ref.nonce) await uploaded.abandon();
    return stored;
  }

  /** A playlist has come whole. Throws PlaylistError for what cannot be read. */
  async storePlaylist(
    event: EventRecord,
    pipeline: PipelineRecord,
    name: string,
    text: Buffer,
  ): Promise<"stored" | "replaced"> {
    const playlist = readPlaylist(text);
    if (playlist.kind === "media") {
      await this.#named.applyMediaPlaylist(event, pipeline, name, playlist);
    } else {
      const renditionOf = (path: string) => this.#named.renditionOf(event, pipeline, path);
      const view = this.#writer.view(event);
      await applyMasterPlaylist(this.#writer.committer, view, pipeline, name, playlist, renditionOf, this.#nowMs());
    }
    const seen = `${event.uid}/${pipeline.id}/${name}`;
    const isReplaced = this.#playlistsSeen.has(seen);
    this.#playlistsSeen.set(seen, true);
    return isReplaced ? "replaced" : "stored";
  }

  async #storeSegment(object: PublishedObject, uploaded: Uploaded): Promise<PublishResult & { usedNonce?: string }> {
    const { event, pipeline, path, defects } = object;
    const { ref, report, cached } = uploaded;
    if (report.kind !== "segment") throw new TypeError("an init is not a segment");
    const { ext } = path;
    if (path.kind === "object") {
      const result = await this.#named.storeObject(event, pipeline, path.name, {
        kind: "segment",
        ext,
        report,
        defects,
        ref,
      });
      return { result, ...(result !== "same" && { usedNonce: ref.nonce }) };
    }
    const { rendition, incoming } = path;
    const stored = await this.#writer.storeSegment(event, {
      pipeline,
      rendition,
      incoming,
      ext,
      ref,
      cached,
      report,
      packagerDefects: defects,
    });
    const { result, candidate } = stored;
    return { result, ...(candidate && { latenessMs: candidate.latenessMs, usedNonce: candidate.ref.nonce }) };
  }

  async #storeInit(
    { event, pipeline, path }: PublishedObject,
    uploaded: Uploaded,
  ): Promise<PublishResult & { usedNonce?: string }> {
    const { ref, report, small } = uploaded;
    if (report.kind !== "init" || small === undefined || small.length > INIT_MAX_BYTES) return { result: "conflict" };
    const init = { hash: ref.hash, report: report.init };
    if (path.rendition !== undefined) {
      const { rendition } = path;
      return { result: await this.#writer.storeInit(event, { ...init, pipeline, rendition, bytes: small }) };
    }
    const object = { kind: "init" as const, ...init, base64: small.toString("base64"), atMs: this.#nowMs() };
    return { result: await this.#named.storeObject(event, pipeline, path.name, object) };
  }
}
