import {
  DEFAULT_PAGE_BYTES,
  NAMESPACES,
  type Namespace,
  type Page,
  type PageSizer,
  type RangeQuery,
  type Row,
  shouldEndEarly,
} from "@headwater/kv";
import { type Client, types } from "cassandra-driver";
import { rowsTable } from "./tables.ts";

/** Rows of a driver page: few while their size is unknown, then as many as are likely to fill what is left of ours. */
export const FETCH_ROWS = { firstRows: 32, maxRows: 1000 };
const CAS_ATTEMPTS = 3;
const CAS_ATTEMPT_MS = 900;

const COLUMNS = "key, value, WRITETIME(value) AS token_us";

/** Writes one row under its token, the same on every retry and hedge. */
export async function putRow(client: Client, namespace: Namespace, { id, key, value, tokenUs }: Row): Promise<void> {
  const cql = `INSERT INTO ${rowsTable(namespace)} (id, key, value) VALUES (?, ?, ?) USING TIMESTAMP ?`;
  const consistency = rowConsistency(namespace);
  await client.execute(cql, [id, key, value, types.Long.fromNumber(tokenUs)], { consistency });
}

/**
 * Lightweight transaction: the row, or the one that is there. Cassandra stamps such a row itself, so its token is not
 * the one given, but about the moment of the write; read it before replacing the row.
 */
export async function putRowIfAbsent(client: Client, namespace: Namespace, row: Row): Promise<Row | undefined> {
  const cql = `INSERT INTO ${rowsTable(namespace)} (id, key, value) VALUES (?, ?, ?) IF NOT EXISTS`;
  // Not hedged: two ballots of one proposer would only compete.
  const options = { isIdempotent: false, readTimeout: CAS_ATTEMPT_MS };
  for (let attempt = 1; ; attempt++) {
    try {
      const result = await client.execute(cql, [row.id, row.key, row.value], options);
      if (result.wasApplied()) return undefined;
      const found = await readSerial(client, namespace, row);
      // An attempt that was given up may have won all the same.
      return attempt > 1 && found?.value.equals(row.value) ? undefined : found;
    } catch (error) {
      if (attempt === CAS_ATTEMPTS) throw error;
    }
  }
}

async function readSerial(client: Client, namespace: Namespace, { id, key }: Row): Promise<Row | undefined> {
  const cql = `SELECT ${COLUMNS} FROM ${rowsTable(namespace)} WHERE id = ? AND key = ?`;
  const { rows } = await client.execute(cql, [id, key], { consistency: types.consistencies.localSerial });
  return rows[0] && toRow(id, rows[0]);
}

/**
 * One page of a partition, read from Cassandra in smaller ones until `limit` or `pageBytes` is reached, or `targetMs` at
 * risk. `clockMs` is monotonic.
 */
export async function rangeRows(
  client: Client,
  namespace: Namespace,
  id: string,
  query: RangeQuery,
  sizer: PageSizer,
  clockMs: () => number,
): Promise<Page> {
  const { from, to, limit, reverse = false, pageBytes = DEFAULT_PAGE_BYTES, targetMs } = query;
  const bounds = [...(from ? ["AND key >= ?"] : []), ...(to ? ["AND key <= ?"] : [])].join(" ");
  const order = reverse ? "DESC" : "ASC";
  const cql = `SELECT ${COLUMNS} FROM ${rowsTable(namespace)} WHERE id = ? ${bounds} ORDER BY key ${order}`;
  const params = [id, ...(from ? [from] : []), ...(to ? [to] : [])];

  const rows: Row[] = [];
  let sizeBytes = 0;
  let pageState: string | undefined;
  const startMs = clockMs();
  let partStartMs = startMs;
  do {
    // One row more than wanted tells whether any remain.
    const fetchSize = Math.min(sizer.rowsFor(pageBytes - sizeBytes), limit - rows.length + 1);
    const page: types.ResultSet = await client.execute(cql, params, {
      consistency: rowConsistency(namespace),
      fetchSize,
      ...(pageState && { pageState }),
    });
    sizer.learn(
      page.rows.length,
      page.rows.reduce((sum, { value }) => sum + value.length, 0),
    );
    for (const found of page.rows) {
      if (rows.length === limit || (rows.length > 0 && sizeBytes >= pageBytes)) return { rows, more: true };
      const row = toRow(id, found);
      rows.push(row);
      sizeBytes += row.value.length;
    }
    pageState = page.pageState ?? undefined;
    const nowMs = clockMs();
    if (pageState && rows.length > 0 && shouldEndEarly(targetMs, nowMs - startMs, nowMs - partStartMs)) {
      return { rows, more: true };
    }
    partStartMs = nowMs;
  } while (pageState);
  return { rows, more: false };
}

const rowConsistency = (namespace: Namespace) => types.consistencies[NAMESPACES[namespace].rowConsistency];

function toRow(id: string, { key, value, token_us }: types.Row): Row {
  return { id, key, value, tokenUs: token_us.toNumber() };
}
