import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { type Namespace, nonceTimeMs, RETENTION_CLASSES, RETENTION_MS } from "@headwater/kv";
import { chunksFolder, chunksPath, HOUR_MS, NONCE } from "./chunks.ts";
import { attempt, kvErrorOf, transaction } from "./database.ts";
import type { LocalKv } from "./local-kv.ts";
import { usedBytes } from "./room.ts";

/** Rows of one transaction: writers wait for it some milliseconds. */
const BATCH = 200;
const GRACE_MS = HOUR_MS;
const UNNAMED_MS = 10 * 60_000;
/** Eviction makes this much more room than it must, so that writers, who stop at the limit, do not meet it. */
const EVICT_TO = 0.9;

/** What a pass has deleted. */
export interface Removed {
  readonly rows: number;
  readonly files: number;
}

/**
 * Deletes what has outlived its retention class: rows by their token; files, an hour's at a time, an hour later than the
 * youngest row that can name them. Throws `KvError`.
 */
export async function expire(kv: LocalKv, nowMs: number): Promise<Removed> {
  let [rows, files] = [0, 0];
  for (const namespace of RETENTION_CLASSES) {
    const cutoffMs = nowMs - RETENTION_MS[namespace];
    rows += await expireRows(kv, namespace, cutoffMs);
    for (const hour of await hoursOf(kv, namespace)) {
      if ((hour + 1) * HOUR_MS + GRACE_MS > cutoffMs) continue;
      files += (await filesOf(kv, namespace, hour)).length;
      await remove(hourFolder(kv, namespace, hour));
    }
  }
  return { rows, files };
}

async function expireRows(kv: LocalKv, namespace: Namespace, cutoffMs: number): Promise<number> {
  const batch = kv.database.prepare(`DELETE FROM rows WHERE (ns, id, key) IN
    (SELECT ns, id, key FROM rows WHERE ns = ? AND token_us < ? LIMIT ${BATCH})`);
  for (let total = 0; ; await nextTurn()) {
    const rows = attempt(() => Number(batch.run(namespace, cutoffMs * 1000).changes));
    total += rows;
    if (rows < BATCH) return total;
  }
}

/** Deletes files that no row names and that are older than 10 minutes: of values given up, or replaced. Throws `KvError`. */
export async function sweep(kv: LocalKv, nowMs: number): Promise<Removed> {
  const named = kv.database.prepare("SELECT 1 FROM rows WHERE nonce = ? LIMIT 1");
  let files = 0;
  for (const namespace of ["control", ...RETENTION_CLASSES] as const) {
    for (const hour of await hoursOf(kv, namespace)) {
      const nonces = await filesOf(kv, namespace, hour);
      for (let at = 0; at < nonces.length; at += BATCH, await nextTurn()) {
        const unnamed = nonces
          .slice(at, at + BATCH)
          .filter((nonce) => nonceTimeMs(nonce) < nowMs - UNNAMED_MS)
          .filter((nonce) => attempt(() => named.get(nonce)) === undefined);
        await removeFiles(kv, namespace, unnamed);
        files += unnamed.length;
      }
    }
  }
  return { rows: 0, files };
}

/** Deletes the oldest media, of all classes, once rows name more than nine tenths of `maxBytes`. Throws `KvError`. */
export async function evictOldest(kv: LocalKv, maxBytes: number): Promise<Removed> {
  const oldest = kv.database.prepare(`SELECT DISTINCT ns, nonce, size_bytes AS sizeBytes FROM rows
    WHERE nonce IS NOT NULL AND ns <> 'control' ORDER BY nonce LIMIT ${BATCH}`);
  const removeRow = kv.database.prepare("DELETE FROM rows WHERE nonce = ? AND ns = ?");
  let [rows, files] = [0, 0];
  for (;;) {
    let excessBytes = attempt(() => usedBytes(kv.database)) - maxBytes * EVICT_TO;
    const victims: { ns: Namespace; nonce: string }[] = [];
    if (excessBytes > 0) {
      for (const { ns, nonce, sizeBytes } of attempt(() => oldest.all()) as unknown as Victim[]) {
        if (excessBytes <= 0) break;
        excessBytes -= sizeBytes;
        victims.push({ ns, nonce });
      }
    }
    if (victims.length === 0) return { rows, files };
    // Rows first: a row without its file would be a broken promise, a file without its row is swept.
    rows += attempt(() =>
      transaction(kv.database, () => victims.reduce((sum, v) => sum + Number(removeRow.run(v.nonce, v.ns).changes), 0)),
    );
    for (const { ns, nonce } of victims) await removeFiles(kv, ns, [nonce]);
    files += victims.length;
  }
}

interface Victim {
  readonly ns: Namespace;
  readonly nonce: string;
  readonly sizeBytes: number;
}

async function removeFiles(kv: LocalKv, namespace: Namespace, nonces: readonly string[]): Promise<void> {
  for (const nonce of nonces) {
    if (NONCE.test(nonce)) await remove(chunksPath(kv.dir, namespace, nonce));
  }
}

async function remove(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true }).catch((error) => Promise.reject(kvErrorOf(error)));
}

function hourFolder(kv: LocalKv, namespace: Namespace, hour: number): string {
  return join(chunksFolder(kv.dir, namespace), String(hour));
}

async function hoursOf(kv: LocalKv, namespace: Namespace): Promise<number[]> {
  const names = await namesIn(chunksFolder(kv.dir, namespace));
  return names.filter((name) => /^\d{1,9}$/.test(name)).map(Number);
}

async function filesOf(kv: LocalKv, namespace: Namespace, hour: number): Promise<string[]> {
  return (await namesIn(hourFolder(kv, namespace, hour))).filter((name) => NONCE.test(name));
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw kvErrorOf(error);
  }
}
