import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Catalog, type EventView } from "@headwater/segment-store/catalog";
import { Events, type NewEvent } from "@headwater/segment-store/events";
import type { Candidate, InitRecord } from "@headwater/segment-store/model";
import { openGate, SegmentReader } from "@headwater/segment-store/reader";
import { createLogger, createMetrics, readSettings, systemClock } from "@headwater/service-kit";
import { openStores, type Stores } from "@headwater/stores";
import { type Publisher, startPublisher } from "../../src/wiring.ts";

const EVENT: Omit<NewEvent, "id"> = {
  timeline: "first-segment",
  segmentDuration: { num: 2, den: 1 },
  pipelines: [{ id: "a", region: "west" }],
  renditions: [],
  publishDelayMs: 500,
  holdMs: 4000,
  retryDeadlineMs: 6000,
  graceMs: 200,
  dvrWindowMs: 14_400_000,
  retention: "6h",
  liveEdgeSegments: 3,
  decodeTime: "free",
};

/** A publisher on an embedded store of its own, and a reader of that store as another process would have it. */
export class TestPublisher {
  readonly dir: string;
  readonly publisher: Publisher;
  readonly metrics: ReturnType<typeof createMetrics>;
  readonly #stores: Stores;
  readonly #catalog: Catalog;
  readonly #events: Events;
  readonly #reader: SegmentReader;

  static async start(wrap: (stores: Stores) => Stores = (stores) => stores, env: Record<string, string> = {}) {
    const dir = await mkdtemp(join(tmpdir(), "headwater-publisher-"));
    const settings = readSettings(
      {
        HEADWATER_DATA_DIR: dir,
        HEADWATER_PUBLISHER_LISTEN: "127.0.0.1:0",
        HEADWATER_LOG_LEVEL: "silent",
        HEADWATER_PUBLISHER_MAX_SEGMENT_BYTES: String(4 * 1024 * 1024),
        ...env,
      },
      "publisher",
    );
    const metrics = createMetrics("publisher");
    const context = {
      settings,
      metrics,
      logger: createLogger(settings),
      clock: systemClock,
      processId: "publisher-test",
      draining: new AbortController().signal,
      waiting: () => {},
    };
    const stores = wrap(await openStores(settings, { writes: true }));
    const publisher = await startPublisher(context, { stores });
    const own = await openStores(settings, { writes: true });
    const nowMs = Date.now;
    const catalog = new Catalog({ kv: own.kv, notices: own.notices, nowMs });
    await catalog.start();
    return new TestPublisher(dir, publisher, metrics, own, catalog);
  }

  private constructor(
    dir: string,
    publisher: Publisher,
    metrics: ReturnType<typeof createMetrics>,
    stores: Stores,
    catalog: Catalog,
  ) {
    const nowMs = Date.now;
    this.dir = dir;
    this.publisher = publisher;
    this.metrics = metrics;
    this.#stores = stores;
    this.#catalog = catalog;
    this.#events = new Events({ kv: stores.kv, notices: stores.notices, catalog, nowMs });
    this.#reader = new SegmentReader({
      kv: stores.kv,
      cache: stores.cache,
      catalog,
      nowMs,
      clockToleranceMs: 500,
      memoryBytes: 0,
      gate: openGate,
      onRead: () => {},
      onReadRows: () => {},
    });
  }

  get port(): number {
    return this.publisher.address.port;
  }

  /** Creates an event; gives the token of its first pipeline. */
  async event(id: string, wanted: Partial<NewEvent> = {}): Promise<string> {
    const { tokens } = await this.#events.create({ ...EVENT, ...wanted, id });
    return tokens[0]!.publishToken;
  }

  get events(): Events {
    return this.#events;
  }

  /** Renditions of which something is visible, as another process sees them. */
  async renditions(id: string): Promise<string[]> {
    return (await this.#view(id)).shape.all("stream").map(({ rendition }) => rendition);
  }

  /** All candidates of a rendition, as another process sees them. */
  async candidates(id: string, rendition: string): Promise<readonly Candidate[]> {
    const view = await this.#view(id);
    // As of the end of time: memory is never trusted, the store is read.
    const tail = await view.ensureTail(rendition, Number.POSITIVE_INFINITY);
    const numbers = Array.from({ length: (tail.highest ?? -1) - tail.lowest + 1 }, (_, i) => tail.lowest + i);
    return numbers.flatMap((number) => tail.candidates(number));
  }

  async bytes(id: string, candidate: Candidate): Promise<Buffer> {
    const { chunks } = await this.#reader.open(this.#catalog.event(id)!, candidate, {
      class: "live-edge",
      object: "",
      edge: "",
    });
    return Buffer.concat(chunks);
  }

  async inits(id: string, rendition: string): Promise<readonly InitRecord[]> {
    return (await this.#view(id)).shape.all("init").filter((init) => init.rendition === rendition);
  }

  async #view(id: string): Promise<EventView> {
    const view = this.#catalog.view(this.#catalog.event(id)!);
    await view.reloadShape();
    return view;
  }

  /** A metric's present value: `published("stored")`. */
  async published(result: string): Promise<number> {
    const text = await this.metrics.registry.metrics();
    return Number(new RegExp(`headwater_publish_total\\{result="${result}"\\} (\\d+)`).exec(text)?.[1] ?? 0);
  }

  async close(): Promise<void> {
    for (const server of this.publisher.servers) {
      server.close();
      server.closeAllConnections();
    }
    await this.publisher.close();
    await this.#catalog.close();
    await this.#stores.close();
    await rm(this.dir, { recursive: true, force: true });
  }
}
