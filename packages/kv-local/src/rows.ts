import type { DatabaseSync, StatementSync } from "node:sqlite";
import {
  type ChunkRef,
  DEFAULT_PAGE_BYTES,
  decodeValue,
  type Namespace,
  type Page,
  type RangeQuery,
  type Row,
} from "@headwater/kv";
import { GroupCommit } from "./group-commit.ts";

/** How many commits the ring of changes remembers. */
export const CHANGES_KEPT = 4000;

const INSERT = `INSERT INTO rows (ns, id, key, value, token_us, nonce, size_bytes)
  VALUES (:ns, :id, :key, :value, :tokenUs, :nonce, :sizeBytes)`;

/** The larger token wins, then the larger value; the same row again changes nothing. */
const UPSERT = `${INSERT} ON CONFLICT (ns, id, key) DO UPDATE SET
  value = excluded.value, token_us = excluded.token_us, nonce = excluded.nonce, size_bytes = excluded.size_bytes
  WHERE excluded.token_us > rows.token_us
    OR (excluded.token_us = rows.token_us AND excluded.value > rows.value)`;

const INSERT_CHANGE = `INSERT INTO changes (ns, id, key, value, token_us)
  VALUES (:ns, :id, :key, :value, :tokenUs)`;

export interface StoredRow {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly token_us: number;
}

/** The rows in SQLite. Reads and commits block: a read some 0.2 ms, a commit some 3 ms (it waits for the disk). */
export class Rows {
  readonly #db: DatabaseSync;
  readonly #commits: GroupCommit;
  readonly #upsert: StatementSync;
  readonly #insert: StatementSync;
  readonly #find: StatementSync;
  readonly #insertChange: StatementSync;
  readonly #trimChanges: StatementSync;
  /** By their SQL: one for each of the eight forms of a range. */
  readonly #ranges = new Map<string, StatementSync>();

  constructor(db: DatabaseSync) {
    this.#db = db;
    this.#commits = new GroupCommit(db);
    this.#upsert = db.prepare(UPSERT);
    this.#insert = db.prepare(INSERT);
    this.#find = db.prepare("SELECT key, value, token_us FROM rows WHERE ns = ? AND id = ? AND key = ?");
    this.#insertChange = db.prepare(INSERT_CHANGE);
    this.#trimChanges = db.prepare("DELETE FROM changes WHERE seq <= ?");
  }

  put(ns: Namespace, row: Row): Promise<void> {
    return this.#commits.write(() => {
      const { changes } = this.#upsert.run({ ...parametersOf(ns, row), ...refOf(row.value) });
      if (changes) this.#appendChange(ns, row);
    });
  }

  putIfAbsent(ns: Namespace, row: Row): Promise<Row | undefined> {
    return this.#commits.write(() => {
      const found = this.#find.get(ns, row.id, row.key) as StoredRow | undefined;
      if (found) return rowOf(row.id, found);
      this.#insert.run({ ...parametersOf(ns, row), ...refOf(row.value) });
      this.#appendChange(ns, row);
      return undefined;
    });
  }

  range(ns: Namespace, id: string, { from, to, reverse, limit, pageBytes = DEFAULT_PAGE_BYTES }: RangeQuery): Page {
    const sql = `SELECT key, value, token_us FROM rows WHERE ns = ? AND id = ?
      ${from ? "AND key >= ?" : ""} ${to ? "AND key <= ?" : ""} ORDER BY key ${reverse ? "DESC" : ""} LIMIT ?`;
    const statement = this.#ranges.get(sql) ?? this.#db.prepare(sql);
    this.#ranges.set(sql, statement);
    const bounds = [from, to].filter((bound) => bound !== undefined);

    const rows: Row[] = [];
    let bytes = 0;
    for (const found of statement.iterate(ns, id, ...bounds, limit + 1) as Iterable<StoredRow>) {
      if (rows.length === limit || (rows.length > 0 && bytes >= pageBytes)) return { rows, more: true };
      const row = rowOf(id, found);
      rows.push(row);
      bytes += row.value.length;
    }
    return { rows, more: false };
  }

  /** Commits what has not been yet. */
  flush(): void {
    this.#commits.flush();
  }

  #appendChange(ns: Namespace, row: Row): void {
    const { lastInsertRowid } = this.#insertChange.run(parametersOf(ns, row));
    this.#trimChanges.run(Number(lastInsertRowid) - CHANGES_KEPT);
  }
}

function parametersOf(ns: Namespace, { id, key, value, tokenUs }: Row) {
  return { ns, id, key, value, tokenUs };
}

/** The chunks that a row's value names, if it is one of ours that does. */
function refOf(value: Buffer): { nonce: string | null; sizeBytes: number } {
  let ref: ChunkRef | undefined;
  try {
    ref = decodeValue(value)?.ref;
  } catch {
    // Any bytes may be a value; only ours name chunks.
  }
  return { nonce: ref?.nonce ?? null, sizeBytes: ref?.sizeBytes ?? 0 };
}

export function rowOf(id: string, { key, value, token_us }: StoredRow): Row {
  return { id, key: bufferOf(key), value: bufferOf(value), tokenUs: token_us };
}

function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
