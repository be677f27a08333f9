import { checkChunk, checkRow } from "./namespaces.ts";
import { DEFAULT_PAGE_BYTES } from "./paging.ts";
import type { Kv, Namespace, Page, RangeQuery, Row, StagedValue } from "./port.ts";

/** A store in this process's memory, for tests: nothing expires, and nothing is ever full. */
export function memoryKv({ nowMs = Date.now }: { nowMs?: () => number } = {}): Kv {
  /** Rows of each partition in key order. */
  const partitions = new Map<string, Row[]>();
  const chunks = new Map<string, Buffer>();

  const partitionOf = (namespace: Namespace, id: string): Row[] => {
    const name = `${namespace} ${id}`;
    const rows = partitions.get(name) ?? [];
    partitions.set(name, rows);
    return rows;
  };

  return {
    async put(namespace, row) {
      checkRow(namespace, row, nowMs());
      const rows = partitionOf(namespace, row.id);
      const { index, found } = locate(rows, row.key);
      if (!found || wins(row, found)) rows.splice(index, found ? 1 : 0, copyOf(row));
    },

    async putIfAbsent(namespace, row) {
      checkRow(namespace, row, nowMs());
      const rows = partitionOf(namespace, row.id);
      const { index, found } = locate(rows, row.key);
      if (found) return copyOf(found);
      rows.splice(index, 0, copyOf(row));
      return undefined;
    },

    async range(namespace, id, query) {
      return pageOf(partitions.get(`${namespace} ${id}`) ?? [], query);
    },

    stage(namespace, nonce): StagedValue {
      const names = new Set<string>();
      return {
        async write(n, bytes) {
          checkChunk(namespace, bytes);
          const name = chunkName(namespace, nonce, n);
          names.add(name);
          chunks.set(name, Buffer.from(bytes));
        },
        async seal() {},
        async abandon() {
          for (const name of names) chunks.delete(name);
        },
      };
    },

    async readChunk(namespace, nonce, n) {
      const chunk = chunks.get(chunkName(namespace, nonce, n));
      return chunk && Buffer.from(chunk);
    },
  };
}

const chunkName = (namespace: Namespace, nonce: string, n: number) => `${namespace} ${nonce} ${n}`;

/** Whether `row` replaces `found`: the larger token wins, then the bytewise larger value. */
function wins(row: Row, found: Row): boolean {
  if (row.tokenUs !== found.tokenUs) return row.tokenUs > found.tokenUs;
  return Buffer.compare(row.value, found.value) > 0;
}

/** Where a key is, or belongs, in rows in key order. */
function locate(rows: readonly Row[], key: Buffer): { index: number; found: Row | undefined } {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (Buffer.compare(rows[middle]!.key, key) < 0) low = middle + 1;
    else high = middle;
  }
  const row = rows[low];
  return { index: low, found: row?.key.equals(key) ? row : undefined };
}

function pageOf(partition: readonly Row[], query: RangeQuery): Page {
  const { from, to, reverse = false, limit, pageBytes = DEFAULT_PAGE_BYTES } = query;
  const wanted = partition.filter(
    ({ key }) => (!from || Buffer.compare(key, from) >= 0) && (!to || Buffer.compare(key, to) <= 0),
  );
  if (reverse) wanted.reverse();
  const rows: Row[] = [];
  for (let bytes = 0; rows.length < Math.min(limit, wanted.length) && (rows.length === 0 || bytes < pageBytes); ) {
    const row = wanted[rows.length]!;
    rows.push(copyOf(row));
    bytes += row.value.length;
  }
  return { rows, more: rows.length < wanted.length };
}

/** Rows cross the port as copies, as they would cross a network. */
function copyOf({ id, key, value, tokenUs }: Row): Row {
  return { id, key: Buffer.from(key), value: Buffer.from(value), tokenUs };
}
