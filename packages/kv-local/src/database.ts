import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";
import { KvError } from "@headwater/kv";

const BUSY_TIMEOUT_MS = 5000;
const OPEN_RETRY_MS = 25;

/**
 * `rows` are the truth. `nonce` and `size_bytes` repeat what a row's value says of the chunks it names, for retention;
 * `usage` is their sum, kept by triggers. `changes` is a ring of the newest commits, written with them, for notices.
 */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS rows (
    ns TEXT NOT NULL, id TEXT NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, token_us INTEGER NOT NULL,
    nonce TEXT, size_bytes INTEGER NOT NULL,
    PRIMARY KEY (ns, id, key)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS rows_by_nonce ON rows (nonce) WHERE nonce IS NOT NULL;
  CREATE INDEX IF NOT EXISTS rows_by_age ON rows (ns, token_us);

  CREATE TABLE IF NOT EXISTS usage (one INTEGER PRIMARY KEY CHECK (one = 1), bytes INTEGER NOT NULL) STRICT;
  INSERT OR IGNORE INTO usage VALUES (1, 0);
  CREATE TRIGGER IF NOT EXISTS usage_insert AFTER INSERT ON rows WHEN new.size_bytes > 0
    BEGIN UPDATE usage SET bytes = bytes + new.size_bytes; END;
  CREATE TRIGGER IF NOT EXISTS usage_delete AFTER DELETE ON rows WHEN old.size_bytes > 0
    BEGIN UPDATE usage SET bytes = bytes - old.size_bytes; END;
  CREATE TRIGGER IF NOT EXISTS usage_update AFTER UPDATE ON rows WHEN new.size_bytes <> old.size_bytes
    BEGIN UPDATE usage SET bytes = bytes + new.size_bytes - old.size_bytes; END;

  CREATE TABLE IF NOT EXISTS changes (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    ns TEXT NOT NULL, id TEXT NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, token_us INTEGER NOT NULL
  ) STRICT;
`;

export function databasePath(dir: string): string {
  return join(dir, "rows.sqlite");
}

/** Opens the rows of a data folder for reading and writing, and makes their tables. Throws `KvError`. */
export async function openDatabase(dir: string): Promise<DatabaseSync> {
  const deadlineMs = performance.now() + BUSY_TIMEOUT_MS;
  for (;;) {
    try {
      return tryOpen(dir);
    } catch (error) {
      // The switch to WAL fails at once, without the busy timeout, while another process makes it.
      if (performance.now() > deadlineMs) throw kvErrorOf(error);
      await delay(OPEN_RETRY_MS);
    }
  }
}

function tryOpen(dir: string): DatabaseSync {
  const db = new DatabaseSync(databasePath(dir), { timeout: BUSY_TIMEOUT_MS });
  try {
    db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
    transaction(db, () => db.exec(SCHEMA));
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** A connection that only reads, and sees every commit of all others at once. */
export function openReadOnly(dir: string): DatabaseSync {
  return new DatabaseSync(databasePath(dir), { readOnly: true, timeout: BUSY_TIMEOUT_MS });
}

/** Runs `work` as one write transaction: all of it happens, durably, or nothing. */
export function transaction<Result>(db: DatabaseSync, work: () => Result): Result {
  db.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    db.exec("COMMIT");
    return result;
  } catch (error) {
    if (db.isTransaction) db.exec("ROLLBACK");
    throw error;
  }
}

const SQLITE_FULL = 13;

/** What an error of SQLite or of the file system means to a user of the port. */
export function kvErrorOf(error: unknown): KvError {
  if (error instanceof KvError) return error;
  const { code, errcode = 0, message } = error as Error & { code?: string; errcode?: number };
  const full = code === "ENOSPC" || code === "EDQUOT" || (errcode & 0xff) === SQLITE_FULL;
  return new KvError(full ? "full" : "unavailable", `local store: ${message}`, { cause: error });
}

/** Runs `work`; whatever it throws is a `KvError`. */
export function attempt<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw kvErrorOf(error);
  }
}
