/** Retention classes: how long media lives. One set of tables (or folders) each. */
export const RETENTION_CLASSES = ["1h", "6h", "24h", "7d"] as const;
export type RetentionClass = (typeof RETENTION_CLASSES)[number];

/** `control` holds rows that never expire (events, runs, streams); the others hold media and expire as a whole. */
export type Namespace = "control" | RetentionClass;

/**
 * One committed row. `id` names a partition; `key` sorts within it, bytewise; `value` is one opaque blob.
 * `tokenUs` is the write's token: microseconds since the Unix epoch. The row with the larger token wins, whatever the
 * order of arrival; of two rows with one token the bytewise larger value wins (Cassandra's own rule, kept everywhere).
 */
export interface Row {
  readonly id: string;
  readonly key: Buffer;
  readonly value: Buffer;
  readonly tokenUs: number;
}

export interface RangeQuery {
  /** First key wanted, inclusive. Default: the partition's beginning. */
  readonly from?: Buffer;
  /** Last key wanted, inclusive. Default: the partition's end. */
  readonly to?: Buffer;
  /** Newest keys first. */
  readonly reverse?: boolean;
  /** At most this many rows in the page (1 … 5000). */
  readonly limit: number;
  /** The page ends with the row that takes its values to this size; always at least one row. Default 1 MiB. */
  readonly pageBytes?: number;
  /**
   * The page may end early, with at least one row and `more`, where reading on would probably take it past this many
   * ms. Only for who then asks for the rest. Default: it ends for the reasons above alone.
   */
  readonly targetMs?: number;
}

export interface Page {
  readonly rows: readonly Row[];
  /** Whether rows may remain behind the last one here; ask again with `from` (or `to` in reverse) next to its key. */
  readonly more: boolean;
}

/**
 * The bytes of one value on their way in, in chunks of `CHUNK_BYTES`, under a nonce that no other write has. Invisible
 * until a row that names the nonce is put; never overwritten.
 */
export interface StagedValue {
  /** Stores chunk `n` (from 0). Resolves when it is as durable as a row would be, or at the latest by `seal`. */
  write(n: number, bytes: Uint8Array): Promise<void>;
  /** Resolves when every chunk written is durable. A row may name the value only after that. */
  seal(): Promise<void>;
  /** Gives the value up; its bytes are freed now or expire. Never throws. */
  abandon(): Promise<void>;
}

/**
 * The key-value layer: partitions of sorted rows, and immutable chunked values beside them.
 * Every method rejects with `KvError` when the store cannot do it in time. What a namespace's rules (`NAMESPACES`)
 * forbid whatever the moment, such as a chunk that is too large, is a RangeError; nothing else is thrown.
 */
export interface Kv {
  /** Upsert under the row's token. The same row again (retry, hedge) changes nothing. */
  put(namespace: Namespace, row: Row): Promise<void>;
  /** Puts the row if its key is absent, atomically among all processes; resolves to the row that was there, if any. */
  putIfAbsent(namespace: Namespace, row: Row): Promise<Row | undefined>;
  /** Rows of one partition in key order. An unknown partition is an empty page. */
  range(namespace: Namespace, id: string, query: RangeQuery): Promise<Page>;
  /** Begins a value of unknown length under a fresh nonce (`newNonce`). */
  stage(namespace: Namespace, nonce: string): StagedValue;
  /** One chunk, whole, or undefined if it is not there (expired, never staged). */
  readChunk(namespace: Namespace, nonce: string, n: number): Promise<Buffer | undefined>;
}

/** Size of every chunk of a value but the last. */
export const CHUNK_BYTES = 512 * 1024;

export type KvErrorCode =
  /** The store did not answer in time or cannot be reached. */
  | "unavailable"
  /** No room left for media. */
  | "full"
  /** A clock is off by more than the tolerance: writing would lose data silently. */
  | "clock";

export class KvError extends Error {
  override readonly name = "KvError";
  readonly code: KvErrorCode;
  constructor(code: KvErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
