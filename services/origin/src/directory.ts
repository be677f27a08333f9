import type { LiveUrl } from "@headwater/edge-protocol";
import type { Catalog, EventView } from "@headwater/segment-store/catalog";
import type { EventRecord } from "@headwater/segment-store/model";
import type { RenditionReader, SegmentReader } from "@headwater/segment-store/reader";
import type { Clock } from "@headwater/service-kit";
import type { OriginDecision } from "./http/answers.ts";
import type { Exchange, Subject } from "./http/exchange.ts";

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

/** What a URL names, as of one state of its event. */
interface Place {
  readonly revision: number;
  readonly subject: Subject;
  readonly found: FoundRendition | RuledOut;
}

type InRendition = Exclude<LiveUrl, { kind: "master" }>;

/** Events and renditions by their names in a URL. Whatever it finds becomes the exchange's subject. */
export class Directory {
  readonly #catalog: Catalog;
  readonly #reader: SegmentReader;
  readonly #clock: Clock;
  /** Views whose shape this process has read. */
  readonly #read = new WeakSet<EventView>();
  readonly #places = new WeakMap<InRendition, Place>();

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
    const known = this.renditionNow(exchange, url);
    if (known !== undefined) return known;
    const found = await this.event(exchange, url.event);
    if ("ruledOut" in found) return found;
    await found.view.ensureShape(this.#clock.nowMs());
    return this.#take(exchange, this.#place(url, found));
  }

  /** As `rendition`, where memory has it: undefined where the shape would have to be read. */
  renditionNow(exchange: Exchange, url: InRendition): FoundRendition | RuledOut | undefined {
    const event = this.#catalog.event(url.event);
    if (event === undefined) return ruledOut("unknown-event");
    const view = this.#catalog.view(event);
    if (!this.#read.has(view)) return undefined;
    const isKnown = view.shape.stream(url.rendition) !== undefined || view.isShapeFresh(this.#clock.nowMs());
    return isKnown ? this.#take(exchange, this.#place(url, { event, view })) : undefined;
  }

  #take(exchange: Exchange, { subject, found }: Place): FoundRendition | RuledOut {
    exchange.subject = subject;
    return found;
  }

  /** What the names in a URL stand for, remembered until the event's row or shape changes. */
  #place(url: InRendition, { event, view }: FoundEvent): Place {
    const { revision } = view.shape;
    const known = this.#places.get(url);
    if (known !== undefined && known.revision === revision && known.subject.event === event) return known;
    const subject = {
      event,
      view,
      rendition: url.rendition,
      ...(url.kind === "segment" && { number: url.number }),
      ...("version" in url && { version: url.version }),
    };
    const place = { revision, subject, found: this.#find(url, event, view) };
    this.#places.set(url, place);
    return place;
  }

  #find(url: InRendition, event: EventRecord, view: EventView): FoundRendition | RuledOut {
    if (hasWrongExtension(url, view.shape.stream(url.rendition)?.exts)) return ruledOut("wrong-extension");
    if ("version" in url && url.version > event.version) return ruledOut("version-ahead");
    const rendition = this.#reader.known(view, url.rendition);
    if (rendition !== undefined) return { event, view, rendition };
    const hasNone = event.renditions.length === 0 && view.shape.all("stream").length === 0;
    // Its first segment follows its init.
    const isComing = view.shape.newestInit(url.rendition) !== undefined;
    return ruledOut(hasNone || isComing ? "no-rendition-yet" : "unknown-rendition");
  }
}

function hasWrongExtension(url: InRendition, exts: readonly string[] | undefined): boolean {
  return url.kind === "segment" && exts !== undefined && !exts.includes(url.ext);
}

function ruledOut(kind: SimpleKind): RuledOut {
  return { ruledOut: { kind } };
}

type SimpleKind = "unknown-event" | "wrong-extension" | "version-ahead" | "unknown-rendition" | "no-rendition-yet";
