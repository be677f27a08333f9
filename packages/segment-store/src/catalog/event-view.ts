import type { Kv, Row } from "@headwater/kv";
import { rowsOf } from "@headwater/kv";
import { type Candidate, candidateOf } from "../model/candidate.ts";
import type { EventRecord } from "../model/event.ts";
import { BUCKET_NUMBERS, candidatesId, masksId, parseId, shapeId } from "../model/ids.ts";
import { Shape } from "../model/shape.ts";
import { EventMasks, type EventMasksOptions } from "./event-masks.ts";
import { Freshness } from "./freshness.ts";
import { NUMBERS_BEFORE, RenditionTail, TAIL_NUMBERS } from "./rendition-tail.ts";

interface TailEntry {
  readonly tail: RenditionTail;
  readonly freshness: Freshness;
}

/** What this process knows of one event: its shape, its masks, and the tail of every rendition that somebody asked for. */
export class EventView {
  readonly uid: string;
  readonly shape = new Shape();
  readonly masks: EventMasks;
  readonly #kv: Kv;
  readonly #event: () => EventRecord;
  readonly #completeUntilMs: () => number;
  readonly #shapeFreshness: Freshness;
  readonly #tails = new Map<string, TailEntry>();

  /** `event` gives the event's present row; `completeUntilMs` what the notices' subscription says; see `EventMasks`. */
  constructor(
    kv: Kv,
    event: () => EventRecord,
    completeUntilMs: () => number,
    background: EventMasksOptions["background"],
  ) {
    this.uid = event().uid;
    this.masks = new EventMasks({ uid: this.uid, kv, background, completeUntilMs });
    this.#kv = kv;
    this.#event = event;
    this.#completeUntilMs = completeUntilMs;
    this.#shapeFreshness = new Freshness(completeUntilMs, () => this.#readShape());
  }

  get event(): EventRecord {
    return this.#event();
  }

  /** Makes the shape complete as of now. Rejects with KvError when it would have to be read and cannot. */
  ensureShape(nowMs: number): Promise<void> {
    return this.#shapeFreshness.ensure(nowMs);
  }

  /** Whether the shape is complete without a read. What notices have brought is in it afterwards. */
  isShapeFresh(nowMs: number): boolean {
    return this.#shapeFreshness.isFresh(nowMs);
  }

  /** Reads the shape now, fresh or not. Rejects with KvError. */
  reloadShape(): Promise<void> {
    return this.#readShape();
  }

  /** The tail of a known stream as it stands, perhaps behind. */
  tail(rendition: string): RenditionTail {
    return this.#entry(rendition).tail;
  }

  /** Highest number that the tails know to be published in any rendition; -1 while there is none. */
  get highest(): number {
    return Math.max(-1, ...this.shape.all("stream").map((stream) => this.tail(stream.rendition).highest ?? -1));
  }

  /** Whether the shape and this tail are complete without a read. */
  isFresh(rendition: string, nowMs: number): boolean {
    return this.#shapeFreshness.isFresh(nowMs) && this.#entry(rendition).freshness.isFresh(nowMs);
  }

  /**
   * Makes a known stream's tail complete as of now. Rejects with KvError when it would have to be read and cannot.
   * @param silenceMs without news for this long, notices are not believed
   */
  async ensureTail(rendition: string, nowMs: number, silenceMs?: number): Promise<RenditionTail> {
    const entry = this.#entry(rendition);
    await entry.freshness.ensure(nowMs, silenceMs);
    return entry.tail;
  }

  /** Makes sure that a known stream's tail was read at most `maxAgeMs` ago, whatever notices say. Rejects with KvError. */
  ensureTailRead(rendition: string, nowMs: number, maxAgeMs: number): Promise<void> {
    return this.#entry(rendition).freshness.ensureRead(nowMs, maxAgeMs);
  }

  /** A candidate of the highest number in a stream that the shape knows, as the kv has it now. Rejects with KvError. */
  async readNewest(rendition: string): Promise<Candidate | undefined> {
    const buckets = this.shape.all("bucket").filter((record) => record.rendition === rendition);
    for (const { bucket } of buckets.sort((a, b) => b.bucket - a.bucket)) {
      const id = candidatesId(this.uid, rendition, bucket);
      const { rows } = await this.#kv.range(this.event.retention, id, { reverse: true, limit: 1 });
      if (rows[0]) return candidateOf(rows[0]);
    }
    return undefined;
  }

  /** The highest number published in any rendition, as the kv has it now. Rejects with KvError. */
  async readHighest(): Promise<number | undefined> {
    await this.reloadShape();
    const streams = this.shape.all("stream");
    const newest = await Promise.all(streams.map(({ rendition }) => this.readNewest(rendition)));
    const numbers = newest.flatMap((candidate) => candidate?.number ?? []);
    return numbers.length === 0 ? undefined : Math.max(...numbers);
  }

  /** A committed row of this event. */
  apply(row: Row): void {
    if (row.id === shapeId(this.uid)) {
      this.shape.apply(row);
      return;
    }
    if (row.id === masksId(this.uid)) {
      this.masks.apply(row);
      return;
    }
    const id = parseId(row.id);
    if (id?.bucket !== undefined) this.#tails.get(id.part)?.tail.apply(candidateOf(row));
  }

  gap(): void {
    this.#shapeFreshness.gap();
    this.masks.gap();
    for (const { freshness } of this.#tails.values()) freshness.gap();
  }

  #entry(rendition: string): TailEntry {
    let entry = this.#tails.get(rendition);
    if (entry === undefined) {
      const tail = new RenditionTail(rendition);
      entry = { tail, freshness: new Freshness(this.#completeUntilMs, (nowMs) => this.#readTail(tail, nowMs)) };
      this.#tails.set(rendition, entry);
    }
    return entry;
  }

  async #readShape(): Promise<void> {
    for await (const row of rowsOf(this.#kv, "control", shapeId(this.uid), { limit: 500 })) this.shape.apply(row);
  }

  /** Newest numbers first, until the tail is full; the bucket before as well when the newest has just begun. */
  async #readTail(tail: RenditionTail, nowMs: number): Promise<void> {
    await this.ensureShape(nowMs);
    const newest = this.shape.newestBucket(tail.rendition);
    if (newest === undefined) return;
    const limit = (TAIL_NUMBERS + NUMBERS_BEFORE) * this.event.pipelines.length;
    const rows: Row[] = [];
    for (let bucket = newest; bucket >= Math.max(0, newest - 1) && rows.length < limit; bucket -= 1) {
      const id = candidatesId(this.uid, tail.rendition, bucket);
      const page = await this.#kv.range(this.event.retention, id, { reverse: true, limit });
      rows.push(...page.rows);
      if (bucket === newest && page.rows.length > 0) {
        const highest = candidateOf(page.rows[0]!).number;
        if (highest % BUCKET_NUMBERS >= TAIL_NUMBERS + NUMBERS_BEFORE) break;
      }
    }
    for (const row of rows) tail.apply(candidateOf(row));
  }
}
