import {
  type Kv,
  KvError,
  type Namespace,
  type Page,
  type RangeQuery,
  type Row,
  type StagedValue,
} from "@headwater/kv";
import type { Client } from "cassandra-driver";
import { CassandraStagedValue, readChunk } from "./chunks.ts";
import { type ConnectionOptions, newClient } from "./clients.ts";
import { inTime } from "./deadline.ts";
import { putRow, putRowIfAbsent, rangeRows } from "./rows.ts";
import { ensureSchema, type SchemaOptions } from "./schema.ts";

/** How far a token may be ahead of our clock. A row from the future would swallow later writes without a word. */
const CLOCK_TOLERANCE_MS = 2000;

export interface CassandraKvOptions extends ConnectionOptions, Omit<SchemaOptions, "role"> {
  /** Whether this process may create the schema (default) or only waits for one that does. */
  readonly role?: SchemaOptions["role"];
  /** This machine's clock, ms since the Unix epoch. */
  readonly nowMs?: () => number;
}

/**
 * Connects to Cassandra and waits until the keyspace has our tables. `contactPoints` are hosts or `host:port`s.
 * Throws `KvError` when no node answers or the schema is not there within a minute.
 */
export async function openCassandraKv(options: CassandraKvOptions): Promise<CassandraKv> {
  const { keyspace, role = "owner", nowMs = Date.now } = options;
  if (!/^[a-z][a-z0-9_]{0,47}$/.test(keyspace))
    throw new KvError("unavailable", `keyspace ${keyspace} is no plain name`);
  const setup = newClient(options, { connectionsPerHost: 1, copyBuffer: true });
  // Two pools, so that a row never queues behind chunks on a socket. Chunks fill their frames and need no copy.
  const rows = newClient(options, { keyspace, connectionsPerHost: 2, copyBuffer: true });
  const chunks = newClient(options, { keyspace, connectionsPerHost: 4, copyBuffer: false });
  try {
    await setup.connect();
    await ensureSchema(setup, { ...options, role });
    await Promise.all([rows.connect(), chunks.connect()]);
  } catch (cause) {
    await Promise.allSettled([rows.shutdown(), chunks.shutdown()]);
    if (cause instanceof KvError) throw cause;
    throw new KvError("unavailable", `Cassandra cannot be used: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  } finally {
    await setup.shutdown().catch(() => {});
  }
  return new CassandraKv(rows, chunks, nowMs);
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

  constructor(rows: Client, chunks: Client, nowMs: () => number) {
    this.#rows = rows;
    this.#chunks = chunks;
    this.#nowMs = nowMs;
  }

  async put(namespace: Namespace, row: Row): Promise<void> {
    this.#refuseFuture(row);
    await inTime(putRow(this.#rows, namespace, row));
  }

  async putIfAbsent(namespace: Namespace, row: Row): Promise<Row | undefined> {
    this.#refuseFuture(row);
    return await inTime(putRowIfAbsent(this.#rows, namespace, row));
  }

  async range(namespace: Namespace, id: string, query: RangeQuery): Promise<Page> {
    return await inTime(rangeRows(this.#rows, namespace, id, query));
  }

  stage(namespace: Namespace, nonce: string): StagedValue {
    return new CassandraStagedValue(this.#chunks, namespace, nonce);
  }

  async readChunk(namespace: Namespace, nonce: string, n: number): Promise<Buffer | undefined> {
    return await inTime(readChunk(this.#chunks, namespace, nonce, n));
  }

  /** Ends both pools. Operations under way fail. */
  async close(): Promise<void> {
    await Promise.all([this.#rows.shutdown(), this.#chunks.shutdown()]);
  }

  #refuseFuture({ tokenUs }: Row): void {
    const aheadMs = tokenUs / 1000 - this.#nowMs();
    if (aheadMs <= CLOCK_TOLERANCE_MS) return;
    throw new KvError("clock", `the row's token is ${Math.round(aheadMs)} ms ahead of this clock`);
  }
}
