import { type Kv, type Row, rowsOf } from "@headwater/kv";
import { isMaskedBy, type Mask, maskOf, masksId } from "../model/index.ts";
import { Lease } from "./lease.ts";

export interface EventMasksOptions {
  readonly uid: string;
  readonly kv: Kv;
  /** For reads that nobody waits for. */
  readonly background: { readonly kv: Kv; hasRoom(): boolean };
  /** Up to when notices have told of everything. */
  readonly completeUntilMs: () => number;
}

/** An event's masks as this process knows them, and whether it knows them well enough to answer. */
export class EventMasks {
  readonly #options: EventMasksOptions;
  readonly #lease: Lease;
  readonly #rows = new Map<string, { readonly tokenUs: number; readonly mask: Mask | undefined }>();
  readonly #listeners = new Set<() => void>();
  #active: readonly Mask[] = [];
  #revision = 0;

  constructor(options: EventMasksOptions) {
    const { background, completeUntilMs } = options;
    this.#options = options;
    this.#lease = new Lease({
      completeUntilMs,
      hasRoom: () => background.hasRoom(),
      read: (isBackground) => this.#read(isBackground),
    });
  }

  /** Those in force, the oldest first. */
  get active(): readonly Mask[] {
    return this.#active;
  }

  /** How many there have ever been. */
  get everCount(): number {
    return this.#rows.size;
  }

  /** Another number after each change. */
  get revision(): number {
    return this.#revision;
  }

  /** Whether a pipeline's copies of a number are not to be served. */
  hides(pipeline: string, rendition: string, number: number): boolean {
    return this.#active.some((mask) => isMaskedBy(mask, pipeline, rendition, number));
  }

  /** The token of a mask in force; undefined where there is none of that id. */
  tokenUs(id: string): number | undefined {
    const row = this.#rows.get(id);
    return row?.mask && row.tokenUs;
  }

  /** Whether a copy may be served by what is known: no mask acknowledged a second ago is missing. */
  isHeld(nowMs: number): boolean {
    return this.#lease.isHeld(nowMs);
  }

  /** Makes it so. Rejects with KvError if the masks have never been read and cannot be. */
  ensure(nowMs: number): Promise<void> {
    return this.#lease.ensure(nowMs);
  }

  /** Reads them now. Rejects with KvError. */
  reload(nowMs: number): Promise<void> {
    return this.#lease.renew(nowMs);
  }

  gap(): void {
    this.#lease.gap();
  }

  apply(row: Row): void {
    const id = row.key.toString();
    const known = this.#rows.get(id);
    if (known !== undefined && known.tokenUs >= row.tokenUs) return;
    this.#rows.set(id, { tokenUs: row.tokenUs, mask: maskOf(row) });
    this.#active = [...this.#rows.values()]
      .flatMap(({ mask }) => mask ?? [])
      .sort((a, b) => a.createdAtMs - b.createdAtMs || (a.id < b.id ? -1 : 1));
    this.#revision += 1;
    for (const listener of this.#listeners) listener();
  }

  /** Hears of every change; returns how to stop. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async #read(isBackground: boolean): Promise<void> {
    const { uid, kv, background } = this.#options;
    for await (const row of rowsOf(isBackground ? background.kv : kv, "control", masksId(uid))) this.apply(row);
  }
}
