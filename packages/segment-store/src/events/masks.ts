import { randomUUID } from "node:crypto";
import { type Kv, nextToken, rowsOf } from "@headwater/kv";
import type { Notices } from "@headwater/notices";
import type { Catalog, EventView } from "../catalog/index.ts";
import { Committer } from "../committer.ts";
import { KeyedMutex } from "../keyed-mutex.ts";
import {
  type EventRecord,
  type Mask,
  type MaskHolder,
  maskHolderOf,
  maskHoldersId,
  maskRow,
  type RemovedMask,
} from "../model/index.ts";
import { EventError } from "./event-error.ts";

/** In force at a time, of one event: every answer looks through them. */
const MAX_ACTIVE = 256;
/** Ever, of one event: a removed one leaves its row, and every process reads them all again and again. */
const MAX_EVER = 2048;

export type NewMask = Omit<Mask, "id" | "createdAtMs">;

/** What operators say of copies that are not to be served. Every method rejects with KvError where the store is needed. */
export class Masks {
  readonly #kv: Kv;
  readonly #committer: Committer;
  readonly #catalog: Catalog;
  readonly #nowMs: () => number;
  readonly #mutex = new KeyedMutex();

  constructor(options: { kv: Kv; notices: Notices; catalog: Catalog; nowMs: () => number }) {
    this.#kv = options.kv;
    this.#committer = new Committer(options.kv, options.notices, options.catalog);
    this.#catalog = options.catalog;
    this.#nowMs = options.nowMs;
  }

  /** Those in force, the oldest first: as the store has them, or as far as they are known while it does not answer. */
  async list(event: EventRecord): Promise<readonly Mask[]> {
    const { masks } = this.#catalog.view(event);
    await masks.reload(this.#nowMs()).catch(() => masks.ensure(this.#nowMs()));
    return masks.active;
  }

  /** What origin processes say that they hold. */
  async holders(event: EventRecord): Promise<readonly MaskHolder[]> {
    const holders: MaskHolder[] = [];
    for await (const row of rowsOf(this.#kv, "control", maskHoldersId(event.uid))) holders.push(maskHolderOf(row));
    return holders;
  }

  /**
   * A new mask; those there are stay as they are. Rejects with EventError `unknown-pipeline`, `unknown-rendition` or
   * `too-many-masks` too.
   */
  add(event: EventRecord, wanted: NewMask): Promise<Mask> {
    return this.#mutex.run(event.uid, async () => {
      const view = this.#catalog.view(event);
      await this.#check(view, wanted);
      const nowMs = this.#nowMs();
      const mask = { id: randomUUID(), ...wanted, createdAtMs: nowMs };
      await this.#write(event, mask.id, mask, nextToken(nowMs));
      return mask;
    });
  }

  /** Takes a mask away, for good. Rejects with EventError `unknown-mask` too. */
  remove(event: EventRecord, id: string, by: string): Promise<void> {
    return this.#mutex.run(event.uid, async () => {
      const { masks } = this.#catalog.view(event);
      await masks.reload(this.#nowMs());
      const tokenUs = masks.tokenUs(id);
      if (tokenUs === undefined) throw new EventError("unknown-mask", `event ${event.id} has no mask of that id`);
      const nowMs = this.#nowMs();
      await this.#write(event, id, { removedAtMs: nowMs, by }, nextToken(nowMs, tokenUs));
    });
  }

  async #check(view: EventView, { pipeline, rendition }: NewMask): Promise<void> {
    const { event, masks, shape } = view;
    if (!event.pipelines.some(({ id }) => id === pipeline)) {
      throw new EventError("unknown-pipeline", `event ${event.id} has no pipeline ${pipeline}`);
    }
    await Promise.all([masks.reload(this.#nowMs()), view.reloadShape()]);
    const renditions = [...event.renditions, ...shape.all("stream").map((stream) => stream.rendition)];
    // Before anything is published any name may be to come; later it is a slip of the pen, and would mask nothing.
    if (rendition !== undefined && renditions.length > 0 && !renditions.includes(rendition)) {
      throw new EventError("unknown-rendition", `event ${event.id} has no rendition ${rendition}`);
    }
    if (masks.active.length >= MAX_ACTIVE) {
      throw new EventError(
        "too-many-masks",
        `event ${event.id} has ${MAX_ACTIVE} masks: remove some, or mask more at once`,
      );
    }
    if (masks.everCount >= MAX_EVER) {
      throw new EventError(
        "too-many-masks",
        `event ${event.id} has had ${MAX_EVER} masks, as many as an event can have`,
      );
    }
  }

  #write(event: EventRecord, id: string, record: Mask | RemovedMask, tokenUs: number): Promise<void> {
    return this.#committer.put("control", maskRow(event.uid, id, record, tokenUs));
  }
}
