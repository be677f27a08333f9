/**
 * One place where values are kept: a memcached server, or a piece of memory. Unlike a `ChunkCache` it neither checks
 * what it gives back nor hides its failures: it rejects when it cannot answer, so that whoever holds it can count
 * failures. Only `zones` uses nodes; everybody else holds a `ChunkCache`.
 */
export interface ChunkNode {
  /** The value, undefined when it is not there. Rejects, within a time of the node's own, when the node fails. */
  get(key: string): Promise<Buffer | undefined>;
  /** Resolves when stored or refused. Rejects, within a time of the node's own, when the node fails. */
  set(key: string, value: Uint8Array): Promise<void>;
}
