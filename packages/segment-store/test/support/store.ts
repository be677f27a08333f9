import { type ChunkCache, zones } from "@headwater/cache";
import { type HomeKv, type Kv, memoryKv } from "@headwater/kv";
import { type MemoryNotices, memoryNotices } from "@headwater/notices";
import { Catalog } from "@headwater/segment-store/catalog";
import { Events, Masks, type NewEvent } from "@headwater/segment-store/events";
import type { EventRecord } from "@headwater/segment-store/model";
import { openGate, SegmentReader } from "@headwater/segment-store/reader";
import { Publishing, type PublishResult, parseObjectPath } from "@headwater/segment-store/writer";

export const T0 = Date.parse("2026-03-01T12:00:00Z");

const EVENT: NewEvent = {
  id: "derby",
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

/** One process's publisher and origin over a store that several may share. */
export interface Process {
  readonly catalog: Catalog;
  readonly publishing: Publishing;
  readonly reader: SegmentReader;
  readonly events: Events;
  readonly masks: Masks;
}

export class Store {
  readonly kv: Kv = memoryKv();
  readonly notices: MemoryNotices = memoryNotices({ nowMs: () => this.nowMs });
  nowMs = T0;
  readonly #catalogs: Catalog[] = [];

  /** @param elsewhere the kv and the home of a process that reads another datacenter; it gets no notices */
  async process(
    cache: ChunkCache = zones({ zones: [] }),
    elsewhere?: { readonly kv: Kv; readonly home: HomeKv },
  ): Promise<Process> {
    const { kv, home } = elsewhere ?? { kv: this.kv, home: undefined };
    const notices = elsewhere === undefined ? this.notices : memoryNotices();
    const nowMs = () => this.nowMs;
    const catalog = new Catalog({ kv, notices, nowMs });
    await catalog.start();
    this.#catalogs.push(catalog);
    const ignore = () => {};
    const limits = { memoryBytes: 1e8, gate: openGate, clockToleranceMs: 500, onRead: ignore, onReadRows: ignore };
    return {
      catalog,
      events: new Events({ kv, notices, catalog, nowMs }),
      masks: new Masks({ kv, notices, catalog, nowMs }),
      publishing: new Publishing({ kv, cache, notices, catalog, nowMs }),
      reader: new SegmentReader({ kv, home, cache, catalog, nowMs, ...limits }),
    };
  }

  async close(): Promise<void> {
    await Promise.all(this.#catalogs.map((catalog) => catalog.close()));
  }
}

export async function createEvent(process: Process, change: Partial<NewEvent> = {}): Promise<EventRecord> {
  return (await process.events.create({ ...EVENT, ...change })).event;
}

/** A whole PUT of a media object. */
export async function put(
  { publishing }: Process,
  event: EventRecord,
  path: string,
  bytes: Buffer,
  pipelineId = "a",
): Promise<PublishResult> {
  const parsed = parseObjectPath(path);
  if (parsed?.kind !== "segment" && parsed?.kind !== "object") throw new Error(`${path} is no media object`);
  const upload = publishing.upload(event);
  await upload.push(bytes);
  const pipeline = event.pipelines.find(({ id }) => id === pipelineId)!;
  return publishing.store({ event, pipeline, path: parsed, defects: [] }, await upload.finish());
}

export async function putPlaylist(
  { publishing }: Process,
  event: EventRecord,
  name: string,
  text: string,
): Promise<void> {
  await publishing.storePlaylist(event, event.pipelines[0]!, name, Buffer.from(text));
}

/** The bytes that a GET of a number would give; undefined where the answer is not 200. */
export async function get(process: Process, event: EventRecord, rendition: string, number: number, nowMs: number) {
  const reader = await process.reader.rendition(event, rendition);
  const look = await reader?.look(number, nowMs);
  if (look?.candidate === undefined) return undefined;
  return Buffer.concat((await process.reader.open(event, look.candidate, reader!.asker(number, ""))).chunks);
}

/** The media playlist's lines but for dates. */
export async function list(process: Process, event: EventRecord, rendition: string, nowMs: number, windowSec = 60) {
  const reader = await process.reader.rendition(event, rendition);
  const playlist = await reader?.mediaPlaylist({ windowSec }, nowMs);
  return (playlist?.text ?? "")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#EXT-X-PROGRAM-DATE-TIME"));
}

/** Only the numbers that a playlist lists; `|` for a discontinuity, `-` for a gap. */
export function numbersOf(lines: readonly string[]): string {
  const marks: string[] = [];
  let gap = "";
  for (const line of lines) {
    if (line === "#EXT-X-DISCONTINUITY") marks.push("|");
    if (line === "#EXT-X-GAP") gap = "-";
    const number = /\/(\d+)\.\w+$/.exec(line)?.[1];
    if (number !== undefined) {
      marks.push(gap + number);
      gap = "";
    }
  }
  return marks.join(" ");
}
