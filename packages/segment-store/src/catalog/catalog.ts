import type { Kv, Row } from "@headwater/kv";
import { decodeValue, rowsOf } from "@headwater/kv";
import type { Notice, Notices, Subscription } from "@headwater/notices";
import type { EventRecord } from "../model/event.ts";
import { EVENTS_ID, masksId, parseId } from "../model/ids.ts";
import { EventView } from "./event-view.ts";
import { Freshness } from "./freshness.ts";

/** The events' rows are read this often at the least: what an operator does holds everywhere within a second. */
const EVENTS_POLL_MS = 500;
/** They are read at most this often, whatever is asked. */
const EVENTS_REREAD_MS = 250;
/** For so long notices alone are believed, where there is no room to read. */
const TOLD_MS = 5000;

/** Reads that nobody waits for. */
export interface BackgroundReads {
  readonly kv: Kv;
  /** Whether one would keep nobody else from reading now. */
  hasRoom(): boolean;
}

export interface CatalogOptions {
  readonly kv: Kv;
  /** For reads that only make sure of what notices have told. Without it they are as all others. */
  readonly background?: BackgroundReads;
  readonly notices: Notices;
  readonly nowMs: () => number;
  /** Told when the events' rows could not be read (true), and when they can be again (false). */
  readonly onStale?: (stale: boolean) => void;
  /** Told of an event whose masks have changed, as far as this process knows. */
  readonly onMasks?: (view: EventView) => void;
}

/**
 * All metadata that one process works with: event > rendition > candidates. Answers from memory; kept by notices, made
 * right by reads. What is unknown costs nothing: views exist only for events that do.
 */
export class Catalog {
  readonly #kv: Kv;
  readonly #background: BackgroundReads;
  readonly #notices: Notices;
  readonly #nowMs: () => number;
  readonly #onStale: (stale: boolean) => void;
  readonly #onMasks: (view: EventView) => void;
  readonly #events = new Map<string, { event: EventRecord; tokenUs: number }>();
  readonly #views = new Map<string, EventView>();
  readonly #listeners = new Set<(event: EventRecord) => void>();
  readonly #eventsFreshness: Freshness;
  #subscription: Subscription | undefined;
  #poll: NodeJS.Timeout | undefined;

  constructor(options: CatalogOptions) {
    this.#kv = options.kv;
    this.#background = options.background ?? { kv: options.kv, hasRoom: () => true };
    this.#notices = options.notices;
    this.#nowMs = options.nowMs;
    this.#onStale = options.onStale ?? (() => {});
    this.#onMasks = options.onMasks ?? (() => {});
    this.#eventsFreshness = new Freshness(
      () => this.#subscription?.completeUntilMs() ?? 0,
      (nowMs) => this.#readEvents(nowMs),
    );
  }

  /** Subscribes and reads the events. Rejects with KvError if they cannot be read. */
  async start(): Promise<void> {
    this.#subscription = await this.#notices.subscribe({
      onNotice: (notice) => this.#onNotice(notice),
      onGap: () => this.#onGap(),
    });
    await this.#eventsFreshness.ensure(this.#nowMs());
    this.#poll = setInterval(() => this.#pollEvents(), EVENTS_POLL_MS);
    this.#poll.unref();
  }

  async close(): Promise<void> {
    clearInterval(this.#poll);
    await this.#subscription?.close();
  }

  /** The event of that name, unless there is none or it was deleted. From memory, and what notices have brought. */
  event(id: string): EventRecord | undefined {
    if (!this.#events.has(id)) this.#subscription?.completeUntilMs();
    const event = this.#events.get(id)?.event;
    return event?.deleted ? undefined : event;
  }

  /**
   * The event of that name, at once if it suits. That there is none, or none that suits, is said only after a look at the
   * store that began after this call, at most 250 ms from now: the row may be a moment old, and its notice on the way.
   */
  async find(id: string, suits: (event: EventRecord) => boolean): Promise<EventRecord | undefined> {
    const known = this.event(id);
    if (known !== undefined && suits(known)) return known;
    await this.#read(this.#eventsFreshness.nextRead(this.#nowMs()));
    return this.event(id);
  }

  events(): readonly EventRecord[] {
    return [...this.#events.values()].map(({ event }) => event).filter((event) => !event.deleted);
  }

  /** Hears of every change of an event's row, its deletion included; returns how to stop. */
  subscribe(listener: (event: EventRecord) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The view of a known event, made at its first use. */
  view(event: EventRecord): EventView {
    let view = this.#views.get(event.uid);
    if (view === undefined) {
      const present = () => {
        const now = this.#events.get(event.id)?.event;
        return now?.uid === event.uid ? now : event;
      };
      const completeUntilMs = () => this.#subscription?.completeUntilMs() ?? 0;
      const made = new EventView(this.#kv, present, completeUntilMs, this.#background);
      made.masks.subscribe(() => this.#onMasks(made));
      this.#views.set(event.uid, made);
      view = made;
    }
    return view;
  }

  /** Takes in a row that this process has committed itself, without waiting for its notice. */
  apply(row: Row): void {
    if (row.id === EVENTS_ID) this.#applyEvent(row);
    else this.#viewOf(row.id)?.apply(row);
  }

  /** The view that a row belongs to. A mask is taken in before anybody asks for its event. */
  #viewOf(id: string): EventView | undefined {
    const { uid } = parseId(id) ?? { uid: "" };
    const view = this.#views.get(uid);
    if (view !== undefined || id !== masksId(uid)) return view;
    const event = this.events().find((known) => known.uid === uid);
    return event && this.view(event);
  }

  /** Reads the events' rows again, at most four times a second; never rejects. */
  refreshEvents(): Promise<void> {
    return this.#read(this.#eventsFreshness.ensureRead(this.#nowMs(), EVENTS_REREAD_MS));
  }

  async #read(read: Promise<void>): Promise<void> {
    try {
      await read;
      this.#onStale(false);
    } catch {
      this.#onStale(true);
    }
  }

  #onNotice(notice: Notice): void {
    this.apply(notice.row);
  }

  #onGap(): void {
    this.#eventsFreshness.gap();
    for (const view of this.#views.values()) view.gap();
  }

  #pollEvents(): void {
    if (this.#isTold(this.#nowMs()) && !this.#background.hasRoom()) return;
    void this.refreshEvents();
  }

  /** Whether notices have told of late what a read of the events would. */
  #isTold(nowMs: number): boolean {
    return this.#eventsFreshness.isFresh(nowMs) && this.#eventsFreshness.wasReadWithin(TOLD_MS, nowMs);
  }

  async #readEvents(nowMs: number): Promise<void> {
    const kv = this.#isTold(nowMs) && this.#background.hasRoom() ? this.#background.kv : this.#kv;
    for await (const row of rowsOf(kv, "control", EVENTS_ID, { limit: 1000 })) this.#applyEvent(row);
  }

  #applyEvent(row: Row): void {
    const id = row.key.toString();
    const known = this.#events.get(id);
    if (known !== undefined && known.tokenUs >= row.tokenUs) return;
    const event = decodeValue<EventRecord>(row.value).meta;
    this.#events.set(id, { event, tokenUs: row.tokenUs });
    if (known !== undefined && (event.deleted || event.uid !== known.event.uid)) this.#views.delete(known.event.uid);
    for (const listener of this.#listeners) listener(event);
  }
}
