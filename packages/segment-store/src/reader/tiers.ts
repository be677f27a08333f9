import { setTimeout as sleep } from "node:timers/promises";
import { type ChunkCache, hotSet, singleFlight } from "@headwater/cache";
import { type ChunkRef, type HomeKv, type Kv, KvError, type Namespace } from "@headwater/kv";
import pLimit from "p-limit";
import type { Asker, ReadGate } from "./read-gate.ts";

export type Tier = "memory" | "memcached" | "store";

/** A whole object, in the chunks it is kept in, and the slowest tier that had to give one of them. */
export interface OpenedObject {
  readonly chunks: readonly Buffer[];
  readonly tier: Tier;
}

export interface TiersOptions {
  readonly kv: Kv;
  /** Where writes are acknowledged, if that is elsewhere: has the chunks that have not arrived in the kv yet. */
  readonly home?: HomeKv | undefined;
  readonly cache: ChunkCache;
  /** Bytes of whole objects kept in this process. */
  readonly memoryBytes: number;
  readonly gate: ReadGate;
  /** Told of every object from memory and of every chunk from elsewhere. */
  readonly onRead: (tier: Tier) => void;
}

/** Chunks of one object fetched at a time. */
const CHUNKS_IN_FLIGHT = 4;

/** A chunk that another process is fetching from the store is waited for so long, and looked for so often. */
const ARRIVAL_MS = 100;
const LOOK_EVERY_MS = 5;

/**
 * Where bytes come from: this process's memory, then the cache zones, then the kv. What the kv had to give is put into the
 * own zone; of the processes that share one, one fetches a chunk and the others wait for it there.
 */
export class Tiers {
  readonly #options: TiersOptions;
  readonly #hot;
  readonly #loads = singleFlight<string, OpenedObject>();

  constructor(options: TiersOptions) {
    this.#options = options;
    this.#hot = hotSet<readonly Buffer[]>({ maxBytes: options.memoryBytes });
  }

  /** The object if this process has it in memory. */
  hot(ref: ChunkRef): OpenedObject | undefined {
    const chunks = this.#hot.get(ref.nonce);
    if (chunks === undefined) return undefined;
    this.#options.onRead("memory");
    return { chunks, tier: "memory" };
  }

  /**
   * The whole object; however many ask, it is loaded once. Rejects with KvError if a chunk cannot be had, with
   * ReadRefused if the store is not to be asked for it.
   */
  async open(namespace: Namespace, ref: ChunkRef, asker: Asker): Promise<OpenedObject> {
    return this.hot(ref) ?? this.#loads.run(ref.nonce, () => this.#load(namespace, ref, asker));
  }

  async #load(namespace: Namespace, ref: ChunkRef, asker: Asker): Promise<OpenedObject> {
    const { gate } = this.#options;
    gate.check(asker);
    const limit = pLimit(CHUNKS_IN_FLIGHT);
    let isAdmitted = false;
    const admit = () => {
      if (!isAdmitted) gate.admit(asker, "object");
      isAdmitted = true;
    };
    const loaded = await Promise.all(
      Array.from({ length: ref.chunks }, (_, n) => limit(() => this.#chunk(namespace, ref.nonce, n, asker, admit))),
    );
    const chunks = loaded.map(({ chunk }) => chunk);
    const sizeBytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    if (sizeBytes !== ref.sizeBytes) throw new KvError("unavailable", "a stored object has not the size its row says");
    this.#hot.set(ref.nonce, chunks, sizeBytes);
    return { chunks, tier: loaded.some(({ tier }) => tier === "store") ? "store" : "memcached" };
  }

  async #chunk(
    namespace: Namespace,
    nonce: string,
    n: number,
    asker: Asker,
    admit: () => void,
  ): Promise<{ chunk: Buffer; tier: Tier }> {
    const { cache, gate, home, kv, onRead } = this.#options;
    const key = `${nonce}/${n}`;
    const read = () => gate.read("memcached", asker, () => cache.get(key));
    const cached = await read();
    let isMine = true;
    if (cached === undefined) {
      admit();
      isMine = await cache.claim(key);
    }
    const found = cached ?? (isMine ? undefined : await arrival(read));
    if (found !== undefined) {
      onRead("memcached");
      return { chunk: found, tier: "memcached" };
    }
    const here = await gate.read("store", asker, () => {
      onRead("store");
      return kv.readChunk(namespace, nonce, n);
    });
    // Not by the gate: how fast the home answers says nothing of the store.
    const chunk = here ?? (await home?.readChunk(namespace, nonce, n));
    if (chunk === undefined) throw new KvError("unavailable", "a chunk of a committed object is missing");
    if (isMine) cache.fill(key, chunk);
    return { chunk, tier: "store" };
  }
}

/** A chunk that another process is fetching, once it has arrived; undefined when it does not in time. */
async function arrival(read: () => Promise<Buffer | undefined>): Promise<Buffer | undefined> {
  // A look may take long itself, as when a zone has begun to hang.
  for (const untilMs = performance.now() + ARRIVAL_MS; performance.now() < untilMs; ) {
    await sleep(LOOK_EVERY_MS);
    const chunk = await read();
    if (chunk !== undefined) return chunk;
  }
  return undefined;
}
