import type { ChunkCache } from "@headwater/cache";
import type { HomeKv, Kv } from "@headwater/kv";
import type { Catalog, EventView } from "../catalog/index.ts";
import type { Candidate, EventRecord } from "../model/index.ts";
import type { Asker, ReadGate } from "./read-gate.ts";
import { RenditionReader } from "./rendition-reader.ts";
import { type OpenedObject, type Tier, Tiers } from "./tiers.ts";

export interface SegmentReaderOptions {
  readonly kv: Kv;
  /** Where writes are acknowledged, if that is elsewhere: asked before a number is said never to have come. */
  readonly home?: HomeKv | undefined;
  readonly cache: ChunkCache;
  readonly catalog: Catalog;
  readonly nowMs: () => number;
  readonly clockToleranceMs: number;
  readonly memoryBytes: number;
  readonly gate: ReadGate;
  /** Told of every object from memory and of every chunk from elsewhere. */
  readonly onRead: (tier: Tier) => void;
  /** Told of every read of the rows of old numbers. */
  readonly onReadRows: () => void;
}

/** The origin's whole use of the store. It never writes to the kv. */
export class SegmentReader {
  readonly #options: SegmentReaderOptions;
  readonly #tiers: Tiers;
  readonly #renditions = new WeakMap<EventView, Map<string, RenditionReader>>();

  constructor(options: SegmentReaderOptions) {
    this.#options = options;
    this.#tiers = new Tiers(options);
  }

  /** A rendition named at creation or published for; undefined for any other. Rejects with KvError. */
  async rendition(event: EventRecord, rendition: string): Promise<RenditionReader | undefined> {
    const view = this.#options.catalog.view(event);
    if (view.shape.stream(rendition) === undefined) await view.ensureShape(this.#options.nowMs());
    return this.known(view, rendition);
  }

  /** As `rendition`, by the shape as it stands. */
  known(view: EventView, rendition: string): RenditionReader | undefined {
    const isKnown = view.shape.stream(rendition) !== undefined || view.event.renditions.includes(rendition);
    return isKnown ? this.#reader(view, rendition) : undefined;
  }

  /** The bytes of a candidate where this process has them in memory. */
  hot(candidate: Candidate): OpenedObject | undefined {
    return this.#tiers.hot(candidate.ref);
  }

  /** The bytes of a candidate. Rejects with KvError, with ReadRefused when the store is not to be asked for them. */
  open(event: EventRecord, candidate: Candidate, asker: Asker): Promise<OpenedObject> {
    return this.#tiers.open(event.retention, candidate.ref, asker);
  }

  #reader(view: EventView, rendition: string): RenditionReader {
    let readers = this.#renditions.get(view);
    if (readers === undefined) {
      readers = new Map();
      this.#renditions.set(view, readers);
    }
    let reader = readers.get(rendition);
    if (reader === undefined) {
      reader = new RenditionReader({ ...this.#options, view, rendition });
      readers.set(rendition, reader);
    }
    return reader;
  }
}
