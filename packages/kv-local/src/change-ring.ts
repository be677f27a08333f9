import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Namespace, Row } from "@headwater/kv";
import { openReadOnly } from "./database.ts";
import { rowOf, type StoredRow } from "./rows.ts";

const BATCH_ROWS = 500;

export interface Change {
  readonly namespace: Namespace;
  readonly row: Row;
}

/** Reads the ring of changes from where it was opened, on a connection of its own: so it sees this process's commits, too. */
export class ChangeRing {
  readonly #db: DatabaseSync;
  readonly #version: StatementSync;
  readonly #after: StatementSync;
  #seenVersion: number | undefined;
  #lastSeq: number;

  constructor(dir: string) {
    this.#db = openReadOnly(dir);
    this.#version = this.#db.prepare("PRAGMA data_version");
    this.#after = this.#db.prepare(`SELECT * FROM changes WHERE seq > ? ORDER BY seq LIMIT ${BATCH_ROWS}`);
    this.#lastSeq = (this.#db.prepare("SELECT max(seq) AS seq FROM changes").get() as { seq: number | null }).seq ?? 0;
  }

  /**
   * Every change since the last call, in order; `overrun` if the ring has dropped some of them. Costs microseconds when
   * nothing was committed. Throws what SQLite throws; the next call then begins where this one did.
   */
  read(): { changes: Change[]; overrun: boolean } {
    const { data_version: version } = this.#version.get() as { data_version: number };
    if (version === this.#seenVersion) return { changes: [], overrun: false };

    const changes: Change[] = [];
    let overrun = false;
    let lastSeq = this.#lastSeq;
    for (let batch: RingRow[] | undefined; !batch || batch.length === BATCH_ROWS; ) {
      batch = this.#after.all(lastSeq) as unknown as RingRow[];
      for (const { seq, ns, id, ...stored } of batch) {
        // SQLite hands out sequence numbers without holes, those of commits that failed again.
        if (seq !== lastSeq + 1) overrun = true;
        lastSeq = seq;
        changes.push({ namespace: ns, row: rowOf(id, stored) });
      }
    }
    this.#lastSeq = lastSeq;
    this.#seenVersion = version;
    return { changes, overrun };
  }

  close(): void {
    if (this.#db.isOpen) this.#db.close();
  }
}

interface RingRow extends StoredRow {
  readonly seq: number;
  readonly ns: Namespace;
  readonly id: string;
}
