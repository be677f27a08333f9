import type { Kv, Namespace, Row } from "@headwater/kv";
import type { Notices } from "@headwater/notices";
import type { Catalog } from "./catalog/index.ts";

/** Commit, then know it here, then tell the others: the order in which every row of ours is written. */
export class Committer {
  readonly kv: Kv;
  readonly #notices: Notices;
  readonly #catalog: Catalog;

  constructor(kv: Kv, notices: Notices, catalog: Catalog) {
    this.kv = kv;
    this.#notices = notices;
    this.#catalog = catalog;
  }

  /** Nobody is told before `cached`, which never rejects. Rejects with KvError; the row may then be there or not. */
  async put(namespace: Namespace, row: Row, cached?: Promise<void>): Promise<void> {
    await this.kv.put(namespace, row);
    await cached;
    await this.#tell(namespace, row);
  }

  /** The row that holds afterwards: the one given, or the one that was there before. Rejects with KvError. */
  async putIfAbsent(namespace: Namespace, row: Row): Promise<Row> {
    const there = await this.kv.putIfAbsent(namespace, row);
    if (there === undefined) await this.#tell(namespace, row);
    else this.#catalog.apply(there);
    return there ?? row;
  }

  async #tell(namespace: Namespace, row: Row): Promise<void> {
    this.#catalog.apply(row);
    await this.#notices.publish({ namespace, row });
  }
}
