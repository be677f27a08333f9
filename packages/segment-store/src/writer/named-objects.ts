import { setTimeout as sleep } from "node:timers/promises";
import type { Kv } from "@headwater/kv";
import { type MediaPlaylist, resolveObjectName } from "@headwater/playlists";
import { LRUCache } from "lru-cache";
import pLimit from "p-limit";
import { KeyedMutex } from "../keyed-mutex.ts";
import type { EventRecord, PipelineRecord } from "../model/index.ts";
import type { Stored } from "./candidates.ts";
import { type Expected, type NamedObject, type NameState, Names, type Place } from "./names.ts";
import { parseObjectPath, playlistRendition } from "./object-path.ts";
import type { SegmentWriter } from "./segment-writer.ts";

/** Newest entries of a list that are looked at: a list may hold hours, but only its end is news. */
const LISTED_ENTRIES = 64;
const READS_IN_FLIGHT = 16;
/** A playlist may overtake the newest segments that it lists, but not by more. */
const OVERTAKING_MS = 3_000;
const OVERTAKING_ENTRIES = 3;
const INIT_WAIT_MS = 300;
const INIT_POLL_MS = 20;

type NamedInit = NamedObject & { readonly kind: "init" };

/** A name in a playlist, and where that says it belongs. */
interface Entry {
  readonly name: string;
  readonly place: Place;
}

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
      const { object: before, binding } = await names.read(name);
      const isSame = before !== undefined && fingerprint(before.value) === fingerprint(object);
      // Bytes that were committed may come again from an encoder that has started again: its playlist tells.
      const isKept = isSame && object.kind === "segment" && binding === undefined;
      if (!isKept) await names.putObject(name, object, this.#nowMs(), before?.tokenUs);
      if (object.kind === "init" && before?.value.kind === "init") {
        await this.#replaceInit(event, pipeline, before.value, object);
      }
      // Behind the put: a playlist taken in at this moment sees the object, or its list is seen here.
      const expected = await names.expected(name);
      const place = expected !== undefined && this.#isFor(expected, binding) ? expected : undefined;
      if (place !== undefined) {
        const kept = isKept ? before.value : object;
        const result = await this.#bind(event, pipeline, name, names, kept, place, binding?.tokenUs);
        // Its row names this upload, needed or not.
        return result === "same" && !isKept ? "replaced" : result;
      }
      if (isKept) return "same";
      return before === undefined ? "stored" : "replaced";
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
    const entries = listed.flatMap(({ segment, parsed }) =>
      parsed.kind === "object" ? [{ name: parsed.name, place: { rendition, number: segment.mediaSequence } }] : [],
    );
    const missing = await this.#applyEntries(event, pipeline, entries);
    if (missing.length === 0) return;
    const numbers = missing.map(({ name, place }) => [name, place.number] as const);
    await this.#names(event, pipeline).putList(path, { rendition, numbers }, this.#nowMs());
    // One that came meanwhile has looked before the list was there.
    await this.#applyEntries(event, pipeline, missing);
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
    if (this.#writer.view(event).shape.stream(rendition) === undefined) await this.#arrival(event, pipeline, name);
    await this.#locked(event, pipeline, name, async (names) => {
      const { object } = await names.read(name);
      if (object?.value.kind === "init") await this.#storeInit(event, pipeline, rendition, object.value);
    });
  }

  /** Resolves when the object is here: an encoder's first init may be on its way beside its first playlist. Or it never comes. */
  async #arrival(event: EventRecord, pipeline: PipelineRecord, name: string): Promise<void> {
    const names = this.#names(event, pipeline);
    for (let waitedMs = 0; waitedMs < INIT_WAIT_MS; waitedMs += INIT_POLL_MS) {
      if ((await names.read(name)).object !== undefined) return;
      await sleep(INIT_POLL_MS);
    }
  }

  /** Whether a list means the object that has come now, and not one that had the name before. */
  #isFor(expected: Expected, binding: NameState["binding"]): boolean {
    if (binding === undefined) return true;
    return expected.tokenUs > binding.tokenUs && expected.tokenUs > (this.#nowMs() - OVERTAKING_MS) * 1000;
  }

  /** Whether a new entry's object is none that has just been committed: the encoder has started again, and uses names again. */
  #isOld({ binding }: NameState): boolean {
    return binding !== undefined && binding.tokenUs < (this.#nowMs() - OVERTAKING_MS) * 1000;
  }

  /** Commits the objects that are there, in the list's order; gives the entries whose objects may still be on their way. */
  async #applyEntries(event: EventRecord, pipeline: PipelineRecord, entries: readonly Entry[]): Promise<Entry[]> {
    const names = this.#names(event, pipeline);
    const limit = pLimit(READS_IN_FLIGHT);
    const states = await Promise.all(entries.map(({ name }) => limit(() => names.read(name))));
    for (const [i, entry] of entries.entries()) {
      if (isNews(states[i]!, entry.place)) await this.#applyEntry(event, pipeline, entry);
    }
    return entries.filter((entry, i) => {
      const state = states[i]!;
      const isNew = i >= entries.length - OVERTAKING_ENTRIES;
      return state.object === undefined || (isNew && !isNews(state, entry.place) && this.#isOld(state));
    });
  }

  async #applyEntry(event: EventRecord, pipeline: PipelineRecord, { name, place }: Entry): Promise<void> {
    await this.#locked(event, pipeline, name, async (names) => {
      const state = await names.read(name);
      if (!isNews(state, place)) return;
      await this.#bind(event, pipeline, name, names, state.object!.value, place, state.binding?.tokenUs);
    });
  }

  async #bind(
    event: EventRecord,
    pipeline: PipelineRecord,
    name: string,
    names: Names,
    object: NamedObject,
    { rendition, number }: Place,
    replacedUs?: number,
  ): Promise<Stored["result"]> {
    if (object.kind === "init") {
      await this.#storeInit(event, pipeline, rendition, object);
      return "stored";
    }
    const { ref, ext, report, defects } = object;
    if (report.kind !== "segment") return "stored";
    const stored = await this.#writer.storeSegment(event, {
      pipeline,
      rendition,
      incoming: number,
      ext,
      ref,
      report,
      packagerDefects: defects,
    });
    await names.putBinding(name, { rendition, number, usedNonce: ref.nonce }, this.#nowMs(), replacedUs);
    return stored.result;
  }

  /** Renditions that use the init that had this name take the new one at once: a segment may be waiting for it. */
  async #replaceInit(event: EventRecord, pipeline: PipelineRecord, before: NamedInit, init: NamedInit): Promise<void> {
    const { shape } = this.#writer.view(event);
    const users = shape.all("stream").filter((s) => shape.newestInit(s.rendition, pipeline.id)?.hash === before.hash);
    for (const { rendition } of users) await this.#storeInit(event, pipeline, rendition, init);
  }

  async #storeInit(event: EventRecord, pipeline: PipelineRecord, rendition: string, init: NamedInit): Promise<void> {
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
    const names = this.#names(event, pipeline);
    return this.#mutex.run(`${event.uid}/${pipeline.id}/${name}`, () => work(names));
  }

  #names(event: EventRecord, pipeline: PipelineRecord): Names {
    return new Names(this.#kv, event.retention, event.uid, pipeline.id);
  }
}

/** Whether the object is there and not committed to this place yet. */
function isNews({ object, binding }: NameState, { rendition, number }: Place): boolean {
  if (object?.value.kind !== "segment") return false;
  const used = binding?.value;
  return used?.usedNonce !== object.value.ref.nonce || used.rendition !== rendition || used.number !== number;
}

const fingerprint = (object: NamedObject): string => (object.kind === "segment" ? object.ref.hash : object.hash);
