import type { Row } from "@headwater/kv";
import { decodeValue, encodeValue } from "@headwater/kv";
import type { InitReport } from "@headwater/media-inspection";
import type { Rational, Run } from "@headwater/timeline";
import { shapeId } from "./ids.ts";

/** A rendition that something has been published for. */
export interface StreamRecord {
  readonly rendition: string;
  /** File extensions of its segments: more than one after an encoder came back with another container. */
  readonly exts: readonly string[];
  /** Lowest number published. */
  readonly firstNumber: number;
  /** RFC 6381 codecs, where the container itself tells (TS, AAC). */
  readonly codecs: readonly string[];
}

/** That candidates of these 4096 numbers exist. */
export interface BucketRecord {
  readonly rendition: string;
  readonly bucket: number;
}

export interface InitRecord {
  readonly rendition: string;
  readonly pipeline: string;
  readonly hash: string;
  readonly base64: string;
  readonly report: InitReport;
  readonly atMs: number;
}

export interface RunRecord extends Run {
  readonly startedAtMs: number;
  /** Ties the run's media time to the event's clock: media time `decodeMs` is `programMs`. */
  readonly zero?: { readonly decodeMs: number; readonly programMs: number };
}

/** `first-segment` only: number `number` ended at `endMs`; durations follow it. The newest one counts. */
export interface AnchorRecord {
  readonly sequence: number;
  readonly number: number;
  readonly endMs: number;
  readonly duration: Rational;
  /** Whether the duration is a video track's, so that an audio-only first segment is corrected by the next one. */
  readonly video: boolean;
}

/** What the encoder's playlists say of a rendition, for our multivariant playlist. */
export interface ListingRecord {
  readonly rendition: string;
  readonly pipeline: string;
  readonly kind: "variant" | "audio" | "subtitles";
  readonly bandwidth?: number;
  readonly averageBandwidth?: number;
  readonly codecs?: string;
  readonly resolution?: { readonly width: number; readonly height: number };
  readonly frameRate?: number;
  readonly audioGroup?: string;
  readonly subtitlesGroup?: string;
  readonly groupId?: string;
  readonly name?: string;
  readonly language?: string;
  readonly isDefault?: boolean;
  readonly autoselect?: boolean;
  readonly forced?: boolean;
  readonly channels?: string;
}

export interface ShapeRecords {
  stream: StreamRecord;
  bucket: BucketRecord;
  init: InitRecord;
  run: RunRecord;
  anchor: AnchorRecord;
  listing: ListingRecord;
}
export type ShapeKind = keyof ShapeRecords;

const KEY_OF: { [K in ShapeKind]: (record: ShapeRecords[K]) => string } = {
  stream: (r) => r.rendition,
  bucket: (r) => `${r.rendition}/${r.bucket}`,
  init: (r) => `${r.rendition}/${r.pipeline}/${r.hash}`,
  run: (r) => `${r.pipeline}/${String(r.run).padStart(6, "0")}`,
  anchor: (r) => String(r.sequence).padStart(6, "0"),
  listing: (r) => `${r.rendition}/${r.pipeline}`,
};

export function shapeRow<K extends ShapeKind>(uid: string, kind: K, record: ShapeRecords[K], tokenUs: number): Row {
  const key = Buffer.from(`${kind}/${KEY_OF[kind](record)}`);
  return { id: shapeId(uid), key, value: encodeValue({ meta: record }), tokenUs };
}

/** The fold of an event's shape rows, whatever the order they come in. */
export class Shape {
  readonly #rows = new Map<string, { tokenUs: number; kind: ShapeKind; record: unknown }>();

  apply(row: Row): void {
    const key = row.key.toString();
    const known = this.#rows.get(key);
    if (known !== undefined && known.tokenUs >= row.tokenUs) return;
    const kind = key.slice(0, key.indexOf("/")) as ShapeKind;
    this.#rows.set(key, { tokenUs: row.tokenUs, kind, record: decodeValue(row.value).meta });
    this.#revision += 1;
    this.#sorted.delete(kind);
  }

  #revision = 0;
  readonly #sorted = new Map<ShapeKind, readonly unknown[]>();

  /** Another number after each change. */
  get revision(): number {
    return this.#revision;
  }

  /** All records of a kind in the order of their keys. */
  all<K extends ShapeKind>(kind: K): readonly ShapeRecords[K][] {
    let sorted = this.#sorted.get(kind);
    if (sorted === undefined) {
      sorted = [...this.#rows]
        .filter(([, entry]) => entry.kind === kind)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([, entry]) => entry.record);
      this.#sorted.set(kind, sorted);
    }
    return sorted as readonly ShapeRecords[K][];
  }

  tokenUs<K extends ShapeKind>(kind: K, record: ShapeRecords[K]): number | undefined {
    return this.#rows.get(`${kind}/${KEY_OF[kind](record)}`)?.tokenUs;
  }

  stream(rendition: string): StreamRecord | undefined {
    return this.all("stream").find((stream) => stream.rendition === rendition);
  }

  anchor(): AnchorRecord | undefined {
    return this.all("anchor").at(-1);
  }

  runs(pipeline: string): readonly RunRecord[] {
    return this.all("run").filter((run) => run.pipeline === pipeline);
  }

  /** The newest bucket of a rendition. */
  newestBucket(rendition: string): number | undefined {
    const buckets = this.all("bucket").filter((record) => record.rendition === rendition);
    return buckets.length === 0 ? undefined : Math.max(...buckets.map((record) => record.bucket));
  }

  init(rendition: string, hash: string): InitRecord | undefined {
    return this.all("init").find((init) => init.rendition === rendition && init.hash === hash);
  }

  /** The newest init of a rendition, of one pipeline or of any. */
  newestInit(rendition: string, pipeline?: string): InitRecord | undefined {
    const inits = this.all("init").filter(
      (init) => init.rendition === rendition && (pipeline === undefined || init.pipeline === pipeline),
    );
    return inits.reduce<InitRecord | undefined>((a, b) => (a === undefined || b.atMs > a.atMs ? b : a), undefined);
  }
}
