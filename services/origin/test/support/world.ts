import { createHash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { zones } from "@headwater/cache";
import { CHUNK_BYTES, type Kv, KvError, memoryKv, type Namespace, newNonce, nextToken, type Row } from "@headwater/kv";
import { memoryNotices } from "@headwater/notices";
import { Catalog } from "@headwater/segment-store/catalog";
import { Events, Masks, type NewEvent } from "@headwater/segment-store/events";
import { bucketOf, candidateRow, candidatesId, type EventRecord, shapeRow } from "@headwater/segment-store/model";
import { createLogger, createMetrics, readSettings } from "@headwater/service-kit";
import { type Origin, type OriginOverrides, startOrigin } from "../../src/origin.ts";
import { ManualTime } from "./manual-time.ts";

export const T0 = Date.parse("2026-03-01T12:00:00Z");

/** Number N covers T0 + (N - 1)·2 s to T0 + N·2 s. */
export const EVENT: NewEvent = {
  id: "derby",
  timeline: "fixed",
  startTimeMs: T0,
  startNumber: 1,
  segmentDuration: { num: 2, den: 1 },
  pipelines: [{ id: "a", region: "west" }],
  renditions: [],
  publishDelayMs: 500,
  holdMs: 4000,
  retryDeadlineMs: 6000,
  graceMs: 200,
  dvrWindowMs: 60_000,
  retention: "6h",
  liveEdgeSegments: 3,
  decodeTime: "free",
};

export interface Segment {
  readonly event: EventRecord;
  readonly number: number;
  readonly rendition?: string;
  readonly bytes?: Buffer;
  readonly pipeline?: string;
  readonly ext?: string;
  readonly init?: string;
  readonly defects?: readonly string[];
  /** When its row was written; now unless told. */
  readonly stampMs?: number;
}

/** A store in memory, filled row by row, and an origin on a real port over it. Its time goes by hand. */
export class World {
  readonly clock = new ManualTime(T0);
  readonly kv: Kv = memoryKv();
  readonly notices = memoryNotices({ nowMs: () => this.clock.nowMs() });
  readonly metrics = createMetrics("origin");
  readonly draining = new AbortController();
  /** Lines of the origin's log, where a HEADWATER_LOG_LEVEL is set. */
  readonly log: Record<string, unknown>[] = [];
  /** Calls of the origin to its store. */
  kvCalls = 0;
  isStoreDown = false;
  /** Reads of chunks that have begun. */
  chunkReads = 0;
  /** What a read of a chunk waits for; and one of old rows. */
  beforeChunk: (() => Promise<void>) | undefined;
  beforeOldRows: (() => Promise<void>) | undefined;
  events!: Events;
  masks!: Masks;
  #catalog!: Catalog;
  #origin!: Origin;

  async openEvents(): Promise<void> {
    const { kv, notices } = this;
    const nowMs = () => this.clock.nowMs();
    this.#catalog = new Catalog({ kv, notices, nowMs });
    await this.#catalog.start();
    this.events = new Events({ kv, notices, catalog: this.#catalog, nowMs });
    this.masks = new Masks({ kv, notices, catalog: this.#catalog, nowMs });
  }

  async startOrigin(env: Record<string, string> = {}, overrides: OriginOverrides = {}): Promise<void> {
    const settings = readSettings({ HEADWATER_ORIGIN_LISTEN: "127.0.0.1:0", ...env }, "origin");
    const { metrics, clock, notices } = this;
    const logLevel = env.HEADWATER_LOG_LEVEL === undefined ? "silent" : settings.logLevel;
    const logger = createLogger({ service: "origin", logLevel }, { write: (line) => this.log.push(JSON.parse(line)) });
    const stores = { kv: this.#watched(), cache: zones({ zones: [] }), notices, close: async () => {} };
    const context = {
      settings,
      logger,
      metrics,
      clock,
      processId: "origin-test",
      draining: this.draining.signal,
      waiting: () => {},
    };
    this.#origin = await startOrigin(context, {
      stores,
      alarm: clock.alarm,
      elapsedMs: () => clock.nowMs(),
      ...overrides,
    });
  }

  get port(): number {
    return this.#origin.address.port;
  }

  get origin(): Origin {
    return this.#origin;
  }

  async close(): Promise<void> {
    for (const server of this.#origin.servers) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
    await this.#origin.close();
    await this.#catalog.close();
  }

  async createEvent(change: Partial<NewEvent> = {}): Promise<EventRecord> {
    return (await this.events.create({ ...EVENT, ...change })).event;
  }

  /** An event whose numbers 1 to `newest` were published as each began; time goes on half a second into the newest. */
  async liveEvent(newest: number, change: Partial<NewEvent> = {}): Promise<EventRecord> {
    await this.openEvents();
    const event = await this.createEvent(change);
    for (let number = 1; number <= newest; number += 1)
      await this.publish({ event, number, stampMs: T0 + number * 2000 });
    this.clock.set(T0 + newest * 2000 + 500);
    return event;
  }

  async publish(segment: Segment): Promise<void> {
    const { event, number, rendition = "720p", pipeline = "a", ext = "m4s", init, defects = [] } = segment;
    const bytes = segment.bytes ?? Buffer.from(`${event.id} ${rendition} ${number} ${pipeline}`);
    const stampMs = segment.stampMs ?? this.clock.nowMs();
    const nonce = newNonce(stampMs);
    const staged = this.kv.stage(event.retention, nonce);
    const chunks = Math.ceil(bytes.length / CHUNK_BYTES);
    for (let n = 0; n < chunks; n += 1) await staged.write(n, bytes.subarray(n * CHUNK_BYTES, (n + 1) * CHUNK_BYTES));
    await staged.seal();

    const token = nextToken(stampMs);
    const stream = { rendition, exts: [ext], firstNumber: 1, codecs: [] };
    await this.#put("control", shapeRow(event.uid, "stream", stream, token));
    await this.#put("control", shapeRow(event.uid, "bucket", { rendition, bucket: bucketOf(number) }, token));
    const row = candidateRow(
      candidatesId(event.uid, rendition, bucketOf(number)),
      {
        number,
        pipeline,
        region: event.pipelines.find(({ id }) => id === pipeline)!.region,
        ref: { nonce, chunks, sizeBytes: bytes.length, hash: sha256(bytes) },
        ext,
        run: 0,
        ...(init !== undefined && { init }),
        stampMs,
        startMs: T0 + (number - 1) * 2000,
        durationMs: 2000,
        latenessMs: 0,
        report: { container: "fmp4", video: true, last: false, defects },
      },
      token,
    );
    await this.#put(event.retention, row);
  }

  async publishInit(event: EventRecord, bytes: Buffer, rendition = "720p"): Promise<string> {
    const hash = sha256(bytes);
    const atMs = this.clock.nowMs();
    const base64 = bytes.toString("base64");
    const record = { rendition, pipeline: "a", hash, base64, report: { tracks: [] }, atMs };
    await this.#put("control", shapeRow(event.uid, "init", record, nextToken(atMs)));
    return hash;
  }

  async counted(name: string): Promise<readonly { labels: Record<string, unknown>; value: number }[]> {
    return (await this.metrics.registry.getSingleMetric(name)!.get()).values;
  }

  /** Resolves when so many requests are held. */
  async held(count: number): Promise<void> {
    while ((await this.counted("headwater_holds"))[0]?.value !== count) await setImmediate();
  }

  async #put(namespace: Namespace, row: Row): Promise<void> {
    await this.kv.put(namespace, row);
    await this.notices.publish({ namespace, row });
  }

  #watched(): Kv {
    const { kv } = this;
    const call = <T>(act: () => Promise<T>): Promise<T> => {
      this.kvCalls += 1;
      return this.isStoreDown ? Promise.reject(new KvError("unavailable", "down, as the test wants it")) : act();
    };
    return {
      put: () => Promise.reject(new Error("an origin does not write")),
      putIfAbsent: () => Promise.reject(new Error("an origin does not write")),
      stage: () => {
        throw new Error("an origin does not write");
      },
      range: async (namespace, id, query) => {
        if (query.from !== undefined) await this.beforeOldRows?.();
        return call(() => kv.range(namespace, id, query));
      },
      readChunk: async (...args) => {
        this.chunkReads += 1;
        await this.beforeChunk?.();
        return call(() => kv.readChunk(...args));
      },
    };
  }
}

export const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");
