import { mkdir } from "node:fs/promises";
import type { DatabaseSync } from "node:sqlite";
import {
  checkRow,
  type Kv,
  type Namespace,
  type Page,
  type RangeQuery,
  type Row,
  type StagedValue,
} from "@headwater/kv";
import { chunksPath, NONCE, readChunk, StagedFile } from "./chunks.ts";
import { attempt, kvErrorOf, openDatabase } from "./database.ts";
import { Room } from "./room.ts";
import { Rows } from "./rows.ts";

export interface LocalKvOptions {
  /** The data folder; made if absent. Any number of processes may have it open. */
  readonly dir: string;
  /** Most media, in bytes, before new values are refused as `full`; eviction is meant to come first. Default: no limit. */
  readonly maxBytes?: number;
  readonly nowMs?: () => number;
}

/**
 * Opens the embedded store: rows in SQLite, each value's chunks in one plain file beside it. A row is durable, against
 * power loss too, when its `put` resolves; a file is durable when it is sealed, before any row names it.
 */
export async function openLocalKv({ dir, maxBytes = Number.POSITIVE_INFINITY, nowMs = Date.now }: LocalKvOptions) {
  try {
    await mkdir(dir, { recursive: true });
  } catch (error) {
    throw kvErrorOf(error);
  }
  const database = await openDatabase(dir);
  return new LocalKv(dir, database, new Room(dir, database, maxBytes, nowMs), nowMs);
}

export class LocalKv implements Kv {
  readonly dir: string;
  readonly database: DatabaseSync;
  readonly #rows: Rows;
  readonly #room: Room;
  readonly #nowMs: () => number;

  constructor(dir: string, database: DatabaseSync, room: Room, nowMs: () => number) {
    this.dir = dir;
    this.database = database;
    this.#rows = new Rows(database);
    this.#room = room;
    this.#nowMs = nowMs;
  }

  async put(namespace: Namespace, row: Row): Promise<void> {
    checkRow(namespace, row, this.#nowMs());
    await this.#rows.put(namespace, row);
  }

  async putIfAbsent(namespace: Namespace, row: Row): Promise<Row | undefined> {
    checkRow(namespace, row, this.#nowMs());
    return await this.#rows.putIfAbsent(namespace, row);
  }

  async range(namespace: Namespace, id: string, query: RangeQuery): Promise<Page> {
    return attempt(() => this.#rows.range(namespace, id, query));
  }

  stage(namespace: Namespace, nonce: string): StagedValue {
    return new StagedFile(namespace, chunksPath(this.dir, namespace, nonce), this.dir, () => this.#room.check());
  }

  async readChunk(namespace: Namespace, nonce: string, n: number): Promise<Buffer | undefined> {
    return NONCE.test(nonce) ? readChunk(chunksPath(this.dir, namespace, nonce), n) : undefined;
  }

  /** Ends this client; others of the same folder go on. Values being staged are the caller's to end first. */
  async close(): Promise<void> {
    if (!this.database.isOpen) return;
    this.#rows.flush();
    this.database.close();
  }
}
