import type { LiveUrl } from "@headwater/edge-protocol";
import type { Catalog, EventView } from "@headwater/segment-store/catalog";
import type { EventRecord } from "@headwater/segment-store/model";
import type { RenditionReader, SegmentReader } from "@headwater/segment-store/reader";
import type { Clock } from "@headwater/service-kit";
import type { OriginDecision } from "./http/answers.ts";
import type { Exchange } from "./http/exchange.ts";

export interface FoundEvent {
  readonly event: EventRecord;
  readonly view: EventView;
}

export interface FoundRendition extends FoundEvent {
  readonly rendition: RenditionReader;
}

/** Why there can be nothing under a URL. */
export interface RuledOut {
  readonly ruledOut: OriginDecision;
}

type InRendition = Exclude<LiveUrl, { kind: "master" }>;

/** Events and renditions by their names in a URL. Whatever it finds becomes the exchange's subject. */
export class Directory {
  readonly #catalog: Catalog;
  readonly #reader: SegmentReader;
  readonly #clock: Clock;
  /** Views whose shape this process has read. */
  readonly #read = new WeakSet<EventView>();

  constructor(catalog: Catalog, reader: SegmentReader, clock: Clock) {
    this.#catalog = catalog;
    this.#reader = reader;
    this.#clock = clock;
  }

  /** Reads nothing for an event that does not exist; of one that does, the shape once. Rejects with KvError. */
  async event(exchange: Exchange, id: string): Promise<FoundEvent | RuledOut> {
    const event = this.#catalog.event(id);
    if (event === undefined) return ruledOut("unknown-event");
    exchange.subject = { event };
    const view = this.#catalog.view(event);
    if (!this.#read.has(view)) {
      await view.ensureShape(this.#clock.nowMs());
      this.#read.add(view);
    }
    exchange.subject = { event, view };
    return { event, view };
  }

  /** Whether it is still the event of its name. */
  isPresent(event: EventRecord): boolean {
    return this.#catalog.event(event.id)?.uid === event.uid;
  }

  /** The rendition of a URL, by the first rows of the table of interface §4. Rejects with KvError. */
  async rendition(exchange: Exchange, url: InRendition): Promise<FoundRendition | RuledOut> {
    const found = await this.event(exchange, url.event);
    if ("ruledOut" in found) return found;
    const { event, view } = found;
    const subject = {
      ...found,
      rendition: url.rendition,
      ...(url.kind === "segment" && { number: url.number }),
    };
    exchange.subject = subject;
    if (hasWrongExtension(url, view.shape.stream(url.rendition)?.exts)) return ruledOut("wrong-extension");
    if ("version" in url) {
      exchange.subject = { ...subject, version: url.version };
      if (url.version > event.version) return ruledOut("version-ahead");
    }
    const rendition = await this.#reader.rendition(event, url.rendition);
    if (rendition !== undefined) return { event, view, rendition };
    const hasNone = event.renditions.length === 0 && view.shape.all("stream").length === 0;
    return ruledOut(hasNone ? "no-rendition-yet" : "unknown-rendition");
  }
}

function hasWrongExtension(url: InRendition, exts: readonly string[] | undefined): boolean {
  return url.kind === "segment" && exts !== undefined && !exts.includes(url.ext);
}

function ruledOut(kind: SimpleKind): RuledOut {
  return { ruledOut: { kind } };
}

type SimpleKind = "unknown-event" | "wrong-extension" | "version-ahead" | "unknown-rendition" | "no-rendition-yet";
