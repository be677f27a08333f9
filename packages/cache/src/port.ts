/**
 * A cache of immutable chunks, addressed by `{nonce}/{n}`, so never stale. An implementation may lose anything at any
 * time, and never throws: what goes wrong is a miss, or a write that did not happen.
 */
export interface ChunkCache {
  /** The chunk as it was set, whole and checked, or undefined. Bounded in time. */
  get(key: string): Promise<Buffer | undefined>;
  /** Resolves when the chunk is stored or given up. Bounded in time. */
  set(key: string, chunk: Uint8Array): Promise<void>;
  /**
   * Whether it is for the caller to fetch a chunk that is not here from where it comes from, and to `fill` it in. False: somebody
   * else has been told so within the last second, so it may soon be here. True as well when that cannot be told soon.
   */
  claim(key: string): Promise<boolean>;
  /** Keeps a chunk nearby for others, if there is room. Nobody waits for it. */
  fill(key: string, chunk: Uint8Array): void;
}
