/**
 * One place where values are kept: a memcached server, or a piece of memory. Unlike a `ChunkCache` it neither checks
 * what it gives back nor hides its failures: each method rejects, within a time of the node's own, when the node cannot
 * answer, so that whoever holds it can count failures. Only `zones` uses nodes; everybody else holds a `ChunkCache`.
 */
export interface ChunkNode {
  /** The value, undefined when it is not there. */
  get(key: string): Promise<Buffer | undefined>;
  /** Resolves when stored or refused. */
  set(key: string, value: Uint8Array): Promise<void>;
  /** Whether there is a value, which then stays as long as one just set. */
  has(key: string): Promise<boolean>;
  /** Stores a value for a second, unless there is one. Whether it did. */
  addBriefly(key: string, value: Uint8Array): Promise<boolean>;
}
