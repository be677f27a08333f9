import { type ChunkCache, hotSet, singleFlight } from "@headwater/cache";
import { type ChunkRef, type Kv, KvError, type Namespace } from "@headwater/kv";
import pLimit from "p-limit";

export type Tier = "memory" | "memcached" | "store";

/** A whole object, in the chunks it is kept in, and the slowest tier that had to give one of them. */
export interface OpenedObject {
  readonly chunks: readonly Buffer[];
  readonly tier: Tier;
}

export interface TiersOptions {
  readonly kv: Kv;
  readonly cache: ChunkCache;
  /** Bytes of whole objects kept in this process. */
  readonly memoryBytes: number;
  /** Chunks being read from the kv at a time, whatever is asked. */
  readonly storeReadsInFlight: number;
  /** Told of every object from memory and of every chunk from elsewhere. */
  readonly onRead: (tier: Tier) => void;
}

/** Chunks of one object fetched at a time. */
const CHUNKS_IN_FLIGHT = 4;
/** Reads that may wait for the store, for each one in flight. */
const MAX_WAITING = 16;

/** Where bytes come from: this process's memory, then the cache zones, then the kv. Reading never writes. */
export class Tiers {
  readonly #options: TiersOptions;
  readonly #hot;
  readonly #loads = singleFlight<string, OpenedObject>();
  readonly #storeReads;

  constructor(options: TiersOptions) {
    this.#options = options;
    this.#hot = hotSet<readonly Buffer[]>({ maxBytes: options.memoryBytes });
    this.#storeReads = pLimit(options.storeReadsInFlight);
  }

  /** The object if this process has it in memory. */
  hot(ref: ChunkRef): OpenedObject | undefined {
    const chunks = this.#hot.get(ref.nonce);
    if (chunks === undefined) return undefined;
    this.#options.onRead("memory");
    return { chunks, tier: "memory" };
  }

  /** The whole object; however many ask, it is loaded once. Rejects with KvError if a chunk cannot be had. */
  async open(namespace: Namespace, ref: ChunkRef): Promise<OpenedObject> {
    return this.hot(ref) ?? this.#loads.run(ref.nonce, () => this.#load(namespace, ref));
  }

  async #load(namespace: Namespace, ref: ChunkRef): Promise<OpenedObject> {
    const limit = pLimit(CHUNKS_IN_FLIGHT);
    const loaded = await Promise.all(
      Array.from({ length: ref.chunks }, (_, n) => limit(() => this.#chunk(namespace, ref.nonce, n))),
    );
    const chunks = loaded.map(({ chunk }) => chunk);
    const sizeBytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    if (sizeBytes !== ref.sizeBytes) throw new KvError("unavailable", "a stored object has not the size its row says");
    this.#hot.set(ref.nonce, chunks, sizeBytes);
    return { chunks, tier: loaded.some(({ tier }) => tier === "store") ? "store" : "memcached" };
  }

  async #chunk(namespace: Namespace, nonce: string, n: number): Promise<{ chunk: Buffer; tier: Tier }> {
    const cached = await this.#options.cache.get(`${nonce}/${n}`);
    if (cached !== undefined) {
      this.#options.onRead("memcached");
      return { chunk: cached, tier: "memcached" };
    }
    if (this.#storeReads.pendingCount >= MAX_WAITING * this.#options.storeReadsInFlight) {
      throw new KvError("unavailable", "too many reads wait for the store");
    }
    this.#options.onRead("store");
    const chunk = await this.#storeReads(() => this.#options.kv.readChunk(namespace, nonce, n));
    if (chunk === undefined) throw new KvError("unavailable", "a chunk of a committed object is missing");
    return { chunk, tier: "store" };
  }
}
