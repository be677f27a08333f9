import {
  CLOCK_TOLERANCE_MS,
  checkRow,
  type Kv,
  KvError,
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
import type { StoreEvent, StoreOperation } from "./observer.ts";
import { chunkPartition, lacksQuorum, rowsPartition } from "./outlook.ts";
import { keepTrying } from "./patience.ts";
import { FETCH_ROWS, putRow, putRowIfAbsent, rangeRows } from "./rows.ts";
import { StoreClock, watchStoreClock } from "./store-clock.ts";

/** `role`: whether this process may create and migrate the schema (default), or only waits for one that does. */
export interface CassandraKvOptions extends MigrateOptions {
  /** This machine's clock, ms since the Unix epoch. */
  readonly nowMs?: () => number;
  /** Monotonic ms, by which pages end early. */
  readonly clockMs?: () => number;
  /** Told of every hedge, retry and failure. */
  readonly onEvent?: (event: StoreEvent) => void;
  readonly onOperation?: (operation: StoreOperation) => void;
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
    const chunks = await open({ connectionsPerHost: 4, copyBuffer: false, table: "chunks" });
    const clock = new StoreClock();
    const kv = new CassandraKv(rows, chunks, clock, options);
    await kv.watchClock();
    return kv;
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
  readonly #datacenter: string;
  readonly #nowMs: () => number;
  readonly #onEvent: (event: StoreEvent) => void;
  readonly #onOperation: (operation: StoreOperation) => void;

  readonly #clockMs: () => number;
  readonly #storeClock: StoreClock;
  #watch: { stop(): void } | undefined;
  readonly #sizers: Readonly<Record<Namespace, PageSizer>>;

  constructor(
    rows: Client,
    chunks: Client,
    clock: StoreClock,
    options: Pick<CassandraKvOptions, "localDataCenter" | "nowMs" | "clockMs" | "onEvent" | "onOperation">,
  ) {
    const { nowMs = Date.now, clockMs = () => performance.now(), onEvent = () => {}, onOperation = () => {} } = options;
    this.#rows = rows;
    this.#chunks = chunks;
    this.#datacenter = options.localDataCenter;
    this.#nowMs = nowMs;
    this.#clockMs = clockMs;
    this.#storeClock = clock;
    this.#onEvent = onEvent;
    this.#onOperation = onOperation;
    const sizer = () => new PageSizer(FETCH_ROWS);
    this.#sizers = { control: sizer(), "1h": sizer(), "6h": sizer(), "24h": sizer(), "7d": sizer() };
  }

  /**
   * By how much this machine's clock is ahead of Cassandra's, in ms; negative when behind. Beyond 2 s either way no row
   * is written (`KvError` `clock`): its token would hide later writes, or be hidden.
   */
  clockAheadMs(): number {
    return this.#storeClock.aheadMs(this.#nowMs(), this.#clockMs());
  }

  /** Looks at the nodes' clocks from now on, until the end; resolves after the first look. Never rejects. */
  async watchClock(): Promise<void> {
    const own = { localDataCenter: this.#datacenter, nowMs: this.#nowMs, clockMs: this.#clockMs };
    this.#watch = await watchStoreClock(this.#rows, this.#storeClock, own);
  }

  async put(namespace: Namespace, row: Row): Promise<void> {
    this.#checkClock();
    checkRow(namespace, row, this.#nowMs());
    await inTime(() => putRow(this.#rows, namespace, row), this.#rowAttempts(namespace, row.id, "write"));
  }

  async putIfAbsent(namespace: Namespace, row: Row): Promise<Row | undefined> {
    this.#checkClock();
    checkRow(namespace, row, this.#nowMs());
    // It knows itself how to be tried again.
    const { onRetry: _, ...attempts } = this.#rowAttempts(namespace, row.id, "write");
    return await inTime(() => putRowIfAbsent(this.#rows, namespace, row), attempts);
  }

  async range(namespace: Namespace, id: string, query: RangeQuery): Promise<Page> {
    const sizer = this.#sizers[namespace];
    return await inTime(
      () => rangeRows(this.#rows, namespace, id, query, sizer, this.#clockMs),
      this.#rowAttempts(namespace, id, "read"),
    );
  }

  stage(namespace: Namespace, nonce: string): StagedValue {
    const attempts = this.#attempts(namespace, "chunks", "write");
    return new CassandraStagedValue(this.#chunks, namespace, nonce, (n) => ({
      ...attempts,
      isHopeless: () => lacksQuorum(this.#chunks, this.#datacenter, chunkPartition(nonce, n)),
    }));
  }

  async readChunk(namespace: Namespace, nonce: string, n: number): Promise<Buffer | undefined> {
    return await inTime(
      () => readChunk(this.#chunks, namespace, nonce, n),
      this.#attempts(namespace, "chunks", "read"),
    );
  }

  /** Ends both pools. Operations under way fail. */
  async close(): Promise<void> {
    this.#watch?.stop();
    await Promise.all([this.#rows.shutdown(), this.#chunks.shutdown()]);
  }

  #checkClock(): void {
    const aheadMs = Math.round(this.clockAheadMs());
    if (Math.abs(aheadMs) <= CLOCK_TOLERANCE_MS) return;
    throw new KvError("clock", `this machine's clock is ${aheadMs} ms ahead of Cassandra's`);
  }

  #rowAttempts(namespace: Namespace, id: string, operation: StoreOperation["operation"]): Attempts {
    const isHopeless = () => lacksQuorum(this.#rows, this.#datacenter, rowsPartition(id));
    return { ...this.#attempts(namespace, "rows", operation), isHopeless };
  }

  #attempts(namespace: Namespace, table: StoreEvent["table"], operation: StoreOperation["operation"]): Attempts {
    return {
      maxMs: NAMESPACES[namespace].maxMs,
      onRetry: () => this.#onEvent({ table, event: "retry" }),
      onEnd: (tookMs, failed) => {
        this.#onOperation({ table, operation, tookMs });
        if (failed) this.#onEvent({ table, event: "failed" });
      },
    };
  }
}
