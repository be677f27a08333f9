import {
  checkRow,
  type Kv,
  NAMESPACES,
  type Namespace,
  type Page,
  PageSizer,
  type RangeQuery,
  type Row,
  type StagedValue,
} from "@headwater/kv";
import type { Client } from "cassandra-driver";
import { CassandraStagedValue, readChunk } from "./chunks.ts";
import type { ClientOptions } from "./clients.ts";
import { type Attempts, inTime } from "./deadline.ts";
import { connected, type MigrateOptions, migrateCassandra } from "./migrate.ts";
import type { StoreEvent } from "./observer.ts";
import { keepTrying } from "./patience.ts";
import { FETCH_ROWS, putRow, putRowIfAbsent, rangeRows } from "./rows.ts";

/** `role`: whether this process may create and migrate the schema (default), or only waits for one that does. */
export interface CassandraKvOptions extends MigrateOptions {
  /** This machine's clock, ms since the Unix epoch. */
  readonly nowMs?: () => number;
  /** Monotonic ms, by which pages end early. */
  readonly clockMs?: () => number;
  /** Told of every hedge and retry. */
  readonly onEvent?: (event: StoreEvent) => void;
}

/**
 * Connects to Cassandra and waits until the keyspace has our tables. `contactPoints` are hosts or `host:port`s.
 * Throws `KvError` when no node answers or the schema is not there within a minute (`waitMs`).
 */
export async function openCassandraKv(options: CassandraKvOptions): Promise<CassandraKv> {
  await migrateCassandra(options);
  const { keyspace, onEvent = () => {} } = options;
  const open = (own: Pick<ClientOptions, "connectionsPerHost" | "copyBuffer" | "table">) =>
    keepTrying(() => connected(options, { ...own, keyspace, onEvent }), options);
  // Two pools, so that a row never queues behind chunks on a socket. Chunks fill their frames and need no copy.
  const rows = await open({ connectionsPerHost: 2, copyBuffer: true, table: "rows" });
  try {
    return new CassandraKv(rows, await open({ connectionsPerHost: 4, copyBuffer: false, table: "chunks" }), options);
  } catch (error) {
    await rows.shutdown();
    throw error;
  }
}

/**
 * `Kv` on Cassandra 5. Rows are written and read at LOCAL_QUORUM, chunks read at LOCAL_ONE first. Media expires by the
 * tables' TTL and is never deleted. Two things to know:
 * - a row that `putIfAbsent` wrote has a token of Cassandra's making, so put over it only with a token after the one read;
 * - of two writes of one token to a media row within different seconds the later one wins, not the larger value,
 *   because expiring cells compare their expiry first.
 */
export class CassandraKv implements Kv {
  readonly #rows: Client;
  readonly #chunks: Client;
  readonly #nowMs: () => number;
  readonly #onEvent: (event: StoreEvent) => void;

  readonly #clockMs: () => number;
  readonly #sizers: Readonly<Record<Namespace, PageSizer>>;

  constructor(rows: Client, chunks: Client, options: Pick<CassandraKvOptions, "nowMs" | "clockMs" | "onEvent">) {
    const { nowMs = Date.now, clockMs = () => performance.now(), onEvent = () => {} } = options;
    this.#rows = rows;
    this.#chunks = chunks;
    this.#nowMs = nowMs;
    this.#clockMs = clockMs;
    this.#onEvent = onEvent;
    const sizer = () => new PageSizer(FETCH_ROWS);
    this.#sizers = { control: sizer(), "1h": sizer(), "6h": sizer(), "24h": sizer(), "7d": sizer() };
  }

  async put(namespace: Namespace, row: Row): Promise<void> {
    checkRow(namespace, row, this.#nowMs());
    await inTime(() => putRow(this.#rows, namespace, row), this.#attempts(namespace, "rows"));
  }

  async putIfAbsent(namespace: Namespace, row: Row): Promise<Row | undefined> {
    checkRow(namespace, row, this.#nowMs());
    const { maxMs } = NAMESPACES[namespace];
    // It knows itself how to be tried again.
    return await inTime(() => putRowIfAbsent(this.#rows, namespace, row), { maxMs });
  }

  async range(namespace: Namespace, id: string, query: RangeQuery): Promise<Page> {
    const sizer = this.#sizers[namespace];
    return await inTime(
      () => rangeRows(this.#rows, namespace, id, query, sizer, this.#clockMs),
      this.#attempts(namespace, "rows"),
    );
  }

  stage(namespace: Namespace, nonce: string): StagedValue {
    return new CassandraStagedValue(this.#chunks, namespace, nonce, this.#attempts(namespace, "chunks"));
  }

  async readChunk(namespace: Namespace, nonce: string, n: number): Promise<Buffer | undefined> {
    return await inTime(() => readChunk(this.#chunks, namespace, nonce, n), this.#attempts(namespace, "chunks"));
  }

  /** Ends both pools. Operations under way fail. */
  async close(): Promise<void> {
    await Promise.all([this.#rows.shutdown(), this.#chunks.shutdown()]);
  }

  #attempts(namespace: Namespace, table: StoreEvent["table"]): Attempts {
    return { maxMs: NAMESPACES[namespace].maxMs, onRetry: () => this.#onEvent({ table, event: "retry" }) };
  }
}
