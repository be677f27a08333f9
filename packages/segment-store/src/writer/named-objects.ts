import type { Kv } from "@headwater/kv";
import { type MediaPlaylist, resolveObjectName } from "@headwater/playlists";
import { LRUCache } from "lru-cache";
import { KeyedMutex } from "../keyed-mutex.ts";
import type { EventRecord, PipelineRecord } from "../model/index.ts";
import type { Stored } from "./candidates.ts";
import { type NamedObject, Names } from "./names.ts";
import { parseObjectPath, playlistRendition } from "./object-path.ts";
import type { SegmentWriter } from "./segment-writer.ts";

/** Newest entries of a list that are looked at: a list may hold hours, but only its end is news. */
const LISTED_ENTRIES = 64;

/** Objects whose rendition and number only a playlist tells. Object and playlist may come in either order. */
export class NamedObjects {
  readonly #kv: Kv;
  readonly #writer: SegmentWriter;
  readonly #nowMs: () => number;
  readonly #mutex = new KeyedMutex();
  /** Renditions of media playlists by their names, for the master's variants. */
  readonly #renditions = new LRUCache<string, string>({ max: 4096 });

  constructor(kv: Kv, writer: SegmentWriter, nowMs: () => number) {
    this.#kv = kv;
    this.#writer = writer;
    this.#nowMs = nowMs;
  }

  /** Stores an object under its name, and commits it if a playlist has named it already. Rejects with KvError. */
  async storeObject(
    event: EventRecord,
    pipeline: PipelineRecord,
    name: string,
    object: NamedObject,
  ): Promise<Stored["result"]> {
    return this.#locked(event, pipeline, name, async (names) => {
      const { object: before } = await names.read(name);
      const same = before !== undefined && fingerprint(before.value) === fingerprint(object);
      if (same && object.kind === "segment") return "same";
      await names.putObject(name, object, this.#nowMs(), before?.tokenUs);
      const { binding } = await names.read(name);
      if (binding === undefined || binding.value.usedNonce !== undefined)
        return before === undefined ? "stored" : "replaced";
      return this.#bind(event, pipeline, name, names, object, binding.value);
    });
  }

  /** Takes in what a media playlist says of the names it lists. Rejects with KvError. */
  async applyMediaPlaylist(
    event: EventRecord,
    pipeline: PipelineRecord,
    path: string,
    playlist: MediaPlaylist,
  ): Promise<void> {
    const listed = playlist.segments.slice(-LISTED_ENTRIES).flatMap((segment) => {
      const name = resolveObjectName(path, segment.uri);
      const parsed = name === undefined ? undefined : parseObjectPath(name);
      return parsed === undefined ? [] : [{ segment, parsed }];
    });
    const byPath = listed.find(({ parsed }) => parsed.kind === "segment")?.parsed;
    const rendition = byPath?.kind === "segment" ? byPath.rendition : playlistRendition(path);
    if (rendition === undefined) return;
    this.#renditions.set(`${event.uid}/${pipeline.id}/${path}`, rendition);

    const maps = new Set(
      playlist.segments.slice(-LISTED_ENTRIES).flatMap(({ mapUri }) => (mapUri === undefined ? [] : [mapUri])),
    );
    for (const uri of maps) await this.#applyMap(event, pipeline, resolveObjectName(path, uri), rendition);
    for (const { segment, parsed } of listed) {
      if (parsed.kind === "object")
        await this.#applyEntry(event, pipeline, parsed.name, rendition, segment.mediaSequence);
    }
  }

  /** The rendition of a playlist that a master names. */
  renditionOf(event: EventRecord, pipeline: PipelineRecord, path: string): string | undefined {
    return this.#renditions.get(`${event.uid}/${pipeline.id}/${path}`) ?? playlistRendition(path);
  }

  async #applyMap(
    event: EventRecord,
    pipeline: PipelineRecord,
    name: string | undefined,
    rendition: string,
  ): Promise<void> {
    const parsed = name === undefined ? undefined : parseObjectPath(name);
    if (name === undefined || (parsed?.kind === "object" && parsed.rendition !== undefined)) return;
    await this.#locked(event, pipeline, name, async (names) => {
      const { object } = await names.read(name);
      if (object?.value.kind === "init") await this.#storeInit(event, pipeline, rendition, object.value);
    });
  }

  async #applyEntry(
    event: EventRecord,
    pipeline: PipelineRecord,
    name: string,
    rendition: string,
    number: number,
  ): Promise<void> {
    await this.#locked(event, pipeline, name, async (names) => {
      const { object, binding } = await names.read(name);
      const known = binding?.value;
      const isListed = known?.rendition === rendition && known.number === number;
      if (object?.value.kind === "segment") {
        if (known?.usedNonce === object.value.ref.nonce && isListed) return;
        await this.#bind(event, pipeline, name, names, object.value, { rendition, number }, binding?.tokenUs);
      } else if (!isListed) {
        await names.putBinding(name, { rendition, number }, this.#nowMs(), binding?.tokenUs);
      }
    });
  }

  async #bind(
    event: EventRecord,
    pipeline: PipelineRecord,
    name: string,
    names: Names,
    object: NamedObject,
    binding: { rendition: string; number: number },
    replacedUs?: number,
  ): Promise<Stored["result"]> {
    if (object.kind === "init") {
      await this.#storeInit(event, pipeline, binding.rendition, object);
      return "stored";
    }
    const { ref, ext, report, defects } = object;
    if (report.kind !== "segment") return "stored";
    const { rendition, number: incoming } = binding;
    const stored = await this.#writer.storeSegment(event, {
      pipeline,
      rendition,
      incoming,
      ext,
      ref,
      report,
      packagerDefects: defects,
    });
    await names.putBinding(name, { ...binding, usedNonce: ref.nonce }, this.#nowMs(), replacedUs);
    return stored.result;
  }

  async #storeInit(
    event: EventRecord,
    pipeline: PipelineRecord,
    rendition: string,
    init: NamedObject & { kind: "init" },
  ): Promise<void> {
    const known = this.#writer.view(event).shape.newestInit(rendition, pipeline.id);
    // The same init sent again later tells of an encoder that has started again.
    if (known?.hash === init.hash && known.atMs >= init.atMs) return;
    const { hash, base64, report } = init;
    await this.#writer.storeInit(event, { pipeline, rendition, hash, bytes: Buffer.from(base64, "base64"), report });
  }

  #locked<T>(
    event: EventRecord,
    pipeline: PipelineRecord,
    name: string,
    work: (names: Names) => Promise<T>,
  ): Promise<T> {
    const names = new Names(this.#kv, event.retention, event.uid, pipeline.id);
    return this.#mutex.run(`${event.uid}/${pipeline.id}/${name}`, () => work(names));
  }
}

const fingerprint = (object: NamedObject): string => (object.kind === "segment" ? object.ref.hash : object.hash);
