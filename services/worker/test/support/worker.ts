import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type ChunkRef,
  decodeValue,
  encodeValue,
  type Namespace,
  newNonce,
  nextToken,
  nonceTimeMs,
  type RetentionClass,
} from "@headwater/kv";
import { Catalog } from "@headwater/segment-store/catalog";
import { Events, type NewEvent } from "@headwater/segment-store/events";
import {
  bucketOf,
  type Candidate,
  candidateRow,
  candidatesId,
  type EventRecord,
  shapeRow,
} from "@headwater/segment-store/model";
import { createLogger, ManualClock, readSettings, type Settings } from "@headwater/service-kit";
import { openStores, type Stores } from "@headwater/stores";

export const T0 = Date.parse("2026-03-01T12:00:00Z");

/** A fresh local store with a clock of its own, and what publishers and operators leave in it. */
export class World {
  readonly dir: string;
  readonly stores: Stores;
  readonly settings: Settings;
  readonly catalog: Catalog;
  readonly clock = new ManualClock(T0);
  readonly log: Record<string, unknown>[] = [];
  readonly logger = createLogger(
    { service: "worker", logLevel: "debug" },
    { write: (line: string) => void this.log.push(JSON.parse(line)) },
  );
  #level = 0;
  readonly inconsistencies = {
    set: (value: number) => {
      this.#level = value;
    },
    value: () => this.#level,
  };

  private constructor(dir: string, settings: Settings, stores: Stores) {
    this.dir = dir;
    this.settings = settings;
    this.stores = stores;
    const { kv, notices } = stores;
    this.catalog = new Catalog({ kv, notices, nowMs: () => this.clock.nowMs() });
  }

  static async open(env: Record<string, string> = {}): Promise<World> {
    const dir = await mkdtemp(join(tmpdir(), "headwater-worker-"));
    const base = {
      HEADWATER_DATA_DIR: dir,
      HEADWATER_WORKER_ADMIN_LISTEN: "127.0.0.1:0",
      HEADWATER_LOG_LEVEL: "silent",
    };
    const settings = readSettings({ ...base, ...env }, "worker");
    const world = new World(dir, settings, await openStores(settings, { writes: true }));
    await world.catalog.start();
    return world;
  }

  get events(): Events {
    const { kv, notices } = this.stores;
    return new Events({ kv, notices, catalog: this.catalog, nowMs: () => this.clock.nowMs() });
  }

  async event(id: string, change: Partial<NewEvent> = {}): Promise<EventRecord> {
    const wanted: NewEvent = {
      id,
      timeline: "epoch",
      segmentDuration: { num: 2, den: 1 },
      pipelines: [{ id: "a", region: "west" }],
      renditions: [],
      publishDelayMs: 500,
      holdMs: 4000,
      retryDeadlineMs: 6000,
      graceMs: 200,
      dvrWindowMs: 3_600_000,
      retention: "1h",
      liveEdgeSegments: 3,
      decodeTime: "free",
      ...change,
    };
    return (await this.events.create(wanted)).event;
  }

  /** A segment as a publisher leaves it: its chunk, and the rows that lead to it. */
  async publish({ uid, retention }: EventRecord, rendition: string, number: number, bytes = 1000): Promise<ChunkRef> {
    const nowMs = this.clock.nowMs();
    const tokenUs = nextToken(nowMs);
    const bucket = bucketOf(number);
    const ref = await this.stage(retention, bytes);
    const { kv } = this.stores;
    await kv.put(
      "control",
      shapeRow(uid, "stream", { rendition, exts: ["m4s"], firstNumber: number, codecs: [] }, tokenUs),
    );
    await kv.put("control", shapeRow(uid, "bucket", { rendition, bucket }, tokenUs));
    const candidate = { number, pipeline: "a", ref, stampMs: nowMs } as unknown as Candidate;
    await kv.put(retention, candidateRow(candidatesId(uid, rendition, bucket), candidate, tokenUs));
    return ref;
  }

  /** A value without a row. */
  async stage(namespace: RetentionClass, bytes = 1000): Promise<ChunkRef> {
    const nonce = newNonce(this.clock.nowMs());
    const staged = this.stores.kv.stage(namespace, nonce);
    await staged.write(0, Buffer.alloc(bytes, 1));
    await staged.seal();
    return { nonce, chunks: 1, sizeBytes: bytes, hash: "" };
  }

  async isThere(namespace: Namespace, { nonce }: ChunkRef): Promise<boolean> {
    return (await this.stores.kv.readChunk(namespace, nonce, 0)) !== undefined;
  }

  /** Takes the file of a value away, as no part of Headwater ever does. */
  async loseBytes(namespace: Namespace, { nonce }: ChunkRef): Promise<void> {
    const hour = String(Math.floor(nonceTimeMs(nonce) / 3_600_000));
    await rm(join(this.dir, "chunks", namespace, hour, nonce));
  }

  /** Puts a row in the namespace of things that never expire. */
  async putControl(id: string): Promise<void> {
    const tokenUs = nextToken(this.clock.nowMs());
    await this.stores.kv.put("control", { id, key: Buffer.from("k"), value: encodeValue({ meta: id }), tokenUs });
  }

  async control(id: string): Promise<unknown> {
    const { rows } = await this.stores.kv.range("control", id, { limit: 1 });
    return rows[0] && decodeValue(rows[0].value).meta;
  }

  async close(): Promise<void> {
    await this.catalog.close();
    await this.stores.close();
    await rm(this.dir, { recursive: true, force: true });
  }
}
