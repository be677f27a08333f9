import { createHash } from "node:crypto";
import { NAMESPACES, type Namespace, RETENTION_CLASSES, type RetentionClass } from "@headwater/kv";

/** Chunks of one partition: 2 MiB, so that a value spreads over nodes and no partition grows large. */
const BUCKET_CHUNKS = 4;
const WINDOWS_PER_TTL = 24;
const HOUR_MS = 3_600_000;

export const rowsTable = (namespace: Namespace) => `rows_${namespace}`;
export const chunksTable = (namespace: Namespace) => `chunks_${namespace}`;
/** The partition of a value that holds chunk `n`. */
export const bucketOf = (n: number) => Math.floor(n / BUCKET_CHUNKS);

/** Names of the tables that `tableStatements` makes. */
export const TABLES: readonly string[] = [
  rowsTable("control"),
  ...RETENTION_CLASSES.flatMap((retention) => [rowsTable(retention), chunksTable(retention)]),
];

/** Every table of a keyspace as CQL, for a session that uses that keyspace. Statements may run again, at any number of nodes at once. */
export function tableStatements(keyspace: string): string[] {
  const statement = (table: string, columns: string, options: string[]) =>
    `CREATE TABLE IF NOT EXISTS ${keyspace}.${table} (${columns})
     WITH ${[...options, `ID = ${tableId(keyspace, table)}`].join(" AND ")}`;
  const rows = (namespace: Namespace, options: string[]) =>
    statement(rowsTable(namespace), "id text, key blob, value blob, PRIMARY KEY ((id), key)", [SPECULATE, ...options]);
  return [
    rows("control", []),
    ...RETENTION_CLASSES.flatMap((retention) => [
      rows(retention, expiring(retention)),
      statement(
        chunksTable(retention),
        "nonce text, bucket int, n int, bytes blob, PRIMARY KEY ((nonce, bucket), n)",
        // Coded video does not compress, and a chunk never changes: replicas have nothing to reconcile.
        [SPECULATE, "compression = {'enabled': false}", "read_repair = 'NONE'", ...expiring(retention)],
      ),
    ]),
  ];
}

/** A replica that is slower than nearly all reads is not waited for. */
const SPECULATE = "speculative_retry = 'MIN(99p,30ms)' AND additional_write_policy = 'MIN(99p,30ms)'";

/** Everything of a table lives equally long, so whole files expire, window by window, and nothing is ever compacted away. */
function expiring(retention: RetentionClass): string[] {
  const ttlMs = NAMESPACES[retention].retentionMs! + HOUR_MS;
  const windowMinutes = Math.ceil(ttlMs / WINDOWS_PER_TTL / 60_000);
  return [
    `default_time_to_live = ${ttlMs / 1000}`,
    "gc_grace_seconds = 10800",
    `compaction = {'class': 'TimeWindowCompactionStrategy', 'compaction_window_unit': 'MINUTES', 'compaction_window_size': ${windowMinutes}}`,
  ];
}

/**
 * A table's UUID, given rather than drawn by the node: two nodes that create it at the same moment make one table, not
 * two of one name (which Cassandra never recovers from by itself).
 */
export function tableId(keyspace: string, table: string): string {
  const hex = createHash("sha256").update(`headwater ${keyspace}.${table}`).digest("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    "-",
  );
}
