import { statfs } from "node:fs/promises";
import type { DatabaseSync } from "node:sqlite";
import { KvError } from "@headwater/kv";

const RESERVE_BYTES = 256 * 1024 * 1024;
const RESERVE_SHARE = 0.01;
const REMEMBERED_MS = 1000;

/** The free bytes of the disk that holds `dir`, less a reserve of 256 MiB or 1 % of it, whichever is more; may be negative. */
export async function spareBytes(dir: string): Promise<number> {
  const { bavail, blocks, bsize } = await statfs(dir);
  return bavail * bsize - Math.max(RESERVE_BYTES, blocks * bsize * RESERVE_SHARE);
}

/** Bytes of all media that rows name. */
export function usedBytes(db: DatabaseSync): number {
  return (db.prepare("SELECT bytes FROM usage").get() as { bytes: number }).bytes;
}

/** Says whether new media may come in: asked at each value's first chunk, measured at most once a second. */
export class Room {
  readonly #dir: string;
  readonly #db: DatabaseSync;
  readonly #maxBytes: number;
  readonly #nowMs: () => number;
  #measuredMs = Number.NEGATIVE_INFINITY;
  #answer = Promise.resolve();

  constructor(dir: string, db: DatabaseSync, maxBytes: number, nowMs: () => number) {
    this.#dir = dir;
    this.#db = db;
    this.#maxBytes = maxBytes;
    this.#nowMs = nowMs;
  }

  /** Rejects with `KvError("full")` when the disk's reserve is touched or rows name `maxBytes` of media. */
  check(): Promise<void> {
    const nowMs = this.#nowMs();
    if (Math.abs(nowMs - this.#measuredMs) >= REMEMBERED_MS) {
      this.#measuredMs = nowMs;
      this.#answer = this.#measure();
    }
    return this.#answer;
  }

  async #measure(): Promise<void> {
    if ((await spareBytes(this.#dir)) <= 0) throw new KvError("full", "local store: the disk is nearly full");
    if (usedBytes(this.#db) >= this.#maxBytes) throw new KvError("full", "local store: all its bytes are in use");
  }
}
