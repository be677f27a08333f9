import {
  type ChunkRef,
  decodeValue,
  encodeValue,
  type Kv,
  nextToken,
  type RetentionClass,
  type Row,
} from "@headwater/kv";
import type { InitReport, ObjectReport } from "@headwater/media-inspection";
import { namesId } from "../model/index.ts";

/** An object stored under a name that does not tell rendition and number; a playlist will. */
export type NamedObject =
  | {
      readonly kind: "segment";
      readonly ext: string;
      readonly report: ObjectReport;
      readonly defects: readonly string[];
      readonly ref: ChunkRef;
    }
  | {
      readonly kind: "init";
      readonly hash: string;
      readonly base64: string;
      readonly report: InitReport;
      readonly atMs: number;
    };

/** Where the playlists say that a name belongs. */
export interface Place {
  readonly rendition: string;
  readonly number: number;
}

/** The place that a name has been committed to, with the upload that was. */
export interface Binding extends Place {
  readonly usedNonce: string;
}

/** A place that a playlist tells of, and when it did. */
export interface Expected extends Place {
  readonly tokenUs: number;
}

/** What one playlist says of names that were not there yet when it came, or whose bytes may be older ones. */
interface List {
  readonly rendition: string;
  readonly numbers: readonly (readonly [name: string, number: number])[];
}

interface Known<T> {
  readonly value: T;
  readonly tokenUs: number;
}

export interface NameState {
  readonly object?: Known<NamedObject>;
  readonly binding?: Known<Binding>;
}

/** Playlists of one pipeline that are remembered; an event has at most 64 renditions. */
const MAX_LISTS = 128;
const RENEW_MS = 1000;

/** Objects, bindings and lists of one pipeline, kept in the kv so that any process can join the two. */
export class Names {
  readonly #kv: Kv;
  readonly #namespace: RetentionClass;
  readonly #id: string;

  constructor(kv: Kv, namespace: RetentionClass, uid: string, pipeline: string) {
    this.#kv = kv;
    this.#namespace = namespace;
    this.#id = namesId(uid, pipeline);
  }

  /** Rejects with KvError, as all here do. */
  async read(name: string): Promise<NameState> {
    const [object, binding] = await Promise.all([this.#row(objectKey(name)), this.#row(bindingKey(name))]);
    return {
      ...(object === undefined ? {} : { object: { value: objectOf(object), tokenUs: object.tokenUs } }),
      ...(binding === undefined
        ? {}
        : { binding: { value: decodeValue<Binding>(binding.value).meta, tokenUs: binding.tokenUs } }),
    };
  }

  putObject(name: string, object: NamedObject, nowMs: number, replacedUs?: number): Promise<void> {
    // The chunks go into `ref`, where the store looks for what a row makes visible.
    const value = encodeValue({ ...(object.kind === "segment" && { ref: object.ref }), meta: object });
    return this.#put(objectKey(name), value, nowMs, replacedUs);
  }

  putBinding(name: string, binding: Binding, nowMs: number, replacedUs?: number): Promise<void> {
    return this.#put(bindingKey(name), encodeValue({ meta: binding }), nowMs, replacedUs);
  }

  /** Where a playlist expects a name that it listed before the object came: the newest one that does. */
  async expected(name: string): Promise<Expected | undefined> {
    const page = await this.#kv.range(this.#namespace, this.#id, {
      from: listKey(""),
      to: listKey("~~"),
      limit: MAX_LISTS,
    });
    for (const { value, tokenUs } of page.rows.toSorted((a, b) => b.tokenUs - a.tokenUs)) {
      const { rendition, numbers } = decodeValue<List>(value).meta;
      const number = numbers.find(([known]) => known === name)?.[1];
      if (number !== undefined) return { rendition, number, tokenUs };
    }
    return undefined;
  }

  /** Remembers in one row what a playlist expects; the same again is written once a second at most. */
  async putList(playlist: string, list: List, nowMs: number): Promise<void> {
    const value = encodeValue({ meta: list });
    const before = await this.#row(listKey(playlist));
    if (before === undefined || !before.value.equals(value) || before.tokenUs < (nowMs - RENEW_MS) * 1000) {
      await this.#put(listKey(playlist), value, nowMs, before?.tokenUs);
    }
  }

  #put(key: Buffer, value: Buffer, nowMs: number, replacedUs?: number): Promise<void> {
    return this.#kv.put(this.#namespace, { id: this.#id, key, value, tokenUs: nextToken(nowMs, replacedUs) });
  }

  async #row(key: Buffer): Promise<Row | undefined> {
    const page = await this.#kv.range(this.#namespace, this.#id, { from: key, to: key, limit: 1 });
    return page.rows[0];
  }
}

const objectKey = (name: string): Buffer => Buffer.from(`object/${name}`);
const bindingKey = (name: string): Buffer => Buffer.from(`binding/${name}`);
const listKey = (playlist: string): Buffer => Buffer.from(`list/${playlist}`);
const objectOf = (row: Row): NamedObject => decodeValue<NamedObject>(row.value).meta;
