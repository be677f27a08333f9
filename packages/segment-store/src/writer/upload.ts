import { createHash } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { ChunkCache } from "@headwater/cache";
import { CHUNK_BYTES, type ChunkRef, type Kv, type Namespace, newNonce, type StagedValue } from "@headwater/kv";
import { createInspector, type ObjectReport } from "@headwater/media-inspection";
import pLimit from "p-limit";

/** Chunks of one upload on their way to the store at a time; two more may wait. */
const CHUNKS_IN_FLIGHT = 4;

/** A body that has come whole. Its chunks are durable, and invisible until a row names `ref`. */
export interface Uploaded {
  readonly ref: ChunkRef;
  readonly report: ObjectReport;
  /** The whole body when it fits one chunk. */
  readonly small: Buffer | undefined;
  /** Resolves when the cache zones have the chunks, or have been waited for long enough. */
  readonly cached: Promise<void>;
  /** Gives the bytes up, when no row will name them. */
  abandon(): Promise<void>;
}

/** A body on its way in: cut into chunks as it arrives, each sent to the kv and the cache zones, hashed and inspected. */
export class Upload {
  readonly #nonce: string;
  readonly #staged: StagedValue;
  readonly #cache: ChunkCache;
  readonly #inspector = createInspector();
  readonly #hash = createHash("sha256");
  readonly #limit = pLimit(CHUNKS_IN_FLIGHT);
  readonly #stored: Promise<void>[] = [];
  readonly #cached: Promise<void>[] = [];
  #parts: Buffer[] = [];
  #partBytes = 0;
  #chunks = 0;
  #sizeBytes = 0;
  #failure: unknown;

  constructor(kv: Kv, cache: ChunkCache, namespace: Namespace, nowMs: number) {
    this.#nonce = newNonce(nowMs);
    this.#staged = kv.stage(namespace, this.#nonce);
    this.#cache = cache;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /**
   * Takes bytes in. More may come at once, or when the promise given back resolves; it rejects with KvError as soon as
   * the store has failed.
   */
  push(bytes: Buffer): Promise<void> | undefined {
    this.#hash.update(bytes);
    this.#inspector.push(bytes);
    this.#sizeBytes += bytes.length;
    let rest = bytes;
    while (this.#partBytes + rest.length >= CHUNK_BYTES) {
      const head = rest.subarray(0, CHUNK_BYTES - this.#partBytes);
      rest = rest.subarray(head.length);
      this.#parts.push(head);
      this.#flush();
    }
    if (rest.length > 0) {
      this.#parts.push(rest);
      this.#partBytes += rest.length;
    }
    return this.#failure !== undefined || this.#limit.pendingCount > 1 ? this.#room() : undefined;
  }

  /**
   * The body is complete. Resolves when every byte is durable, while the zones may still be at work: their time runs for
   * all chunks at once. Rejects with KvError, and has then given the bytes up.
   */
  async finish(): Promise<Uploaded> {
    const small = this.#chunks === 0 ? Buffer.concat(this.#parts) : undefined;
    if (this.#partBytes > 0) this.#flush();
    await Promise.all(this.#stored);
    if (this.#failure !== undefined) {
      await this.abandon();
      throw this.#failure;
    }
    await this.#staged.seal();
    const hash = this.#hash.digest("hex");
    const ref = { nonce: this.#nonce, chunks: this.#chunks, sizeBytes: this.#sizeBytes, hash };
    const cached = Promise.all(this.#cached).then(() => {});
    return { ref, report: this.#inspector.finish(), small, cached, abandon: () => this.abandon() };
  }

  /** The body was cut or refused: nothing of it will be visible. Never rejects. */
  async abandon(): Promise<void> {
    await Promise.all(this.#stored);
    await this.#staged.abandon();
  }

  async #room(): Promise<void> {
    await this.#stored[this.#chunks - CHUNKS_IN_FLIGHT];
    if (this.#failure !== undefined) throw this.#failure;
  }

  #flush(): void {
    const chunk = this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts);
    this.#parts = [];
    this.#partBytes = 0;
    const n = this.#chunks;
    this.#chunks += 1;
    const stored = this.#limit(() => this.#staged.write(n, chunk)).catch((error) => {
      this.#failure ??= error;
    });
    this.#stored.push(stored);
    // A turn later: by then the chunk is on its way to the kv, which the acknowledgement waits for.
    this.#cached.push(nextTurn().then(() => this.#cache.set(`${this.#nonce}/${n}`, chunk)));
  }
}
