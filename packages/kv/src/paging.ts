import { NAMESPACES } from "./namespaces.ts";
import type { Kv, Namespace, RangeQuery, Row } from "./port.ts";

/** The longest key that `keyBefore`, and so paging in reverse, is exact for. */
export const MAX_KEY_BYTES = 256;

/** `pageBytes` of a query that names none. */
export const DEFAULT_PAGE_BYTES = 1024 * 1024;

const PAGE_ROWS = 1000;

/** The key right after `key`, bytewise. */
export function keyAfter(key: Buffer): Buffer {
  return Buffer.concat([key, Buffer.of(0)]);
}

/** The key right before `key`, bytewise, among keys of at most `MAX_KEY_BYTES`; undefined before the empty key. */
export function keyBefore(key: Buffer): Buffer | undefined {
  const last = key.at(-1);
  if (last === undefined) return undefined;
  if (last === 0) return key.subarray(0, -1);
  const before = Buffer.alloc(Math.max(MAX_KEY_BYTES, key.length), 0xff);
  key.copy(before);
  before[key.length - 1] = last - 1;
  return before;
}

/**
 * Every row of a partition that the query covers, in its order. Reads one page (`limit` rows, default 1000, and
 * `pageBytes`, less where that would take longer than the namespace's target) at a time, when the consumer gets there:
 * it may stop early. Throws `KvError`.
 */
export async function* rowsOf(
  kv: Kv,
  namespace: Namespace,
  id: string,
  query: Omit<RangeQuery, "limit"> & Partial<Pick<RangeQuery, "limit">> = {},
): AsyncGenerator<Row, void, void> {
  let next: RangeQuery | undefined = { limit: PAGE_ROWS, targetMs: NAMESPACES[namespace].targetMs, ...query };
  while (next) {
    const { rows, more } = await kv.range(namespace, id, next);
    yield* rows;
    const last = rows.at(-1);
    next = more && last ? behind(last.key, next) : undefined;
  }
}

/** How many rows to ask a store for at a time, so that their values come to about the bytes that are wanted. */
export class PageSizer {
  readonly #firstRows: number;
  readonly #maxRows: number;
  /** Of the rows seen lately; undefined before the first. */
  #meanBytes: number | undefined;

  constructor({ firstRows, maxRows }: { firstRows: number; maxRows: number }) {
    this.#firstRows = firstRows;
    this.#maxRows = maxRows;
  }

  /** At least 1; `firstRows` while nothing is known. */
  rowsFor(wantedBytes: number): number {
    if (this.#meanBytes === undefined) return this.#firstRows;
    return Math.max(1, Math.min(this.#maxRows, Math.ceil(wantedBytes / this.#meanBytes) + 1));
  }

  /** Rows and the bytes of their values, as they came. Each page counts for half. */
  learn(rows: number, sizeBytes: number): void {
    if (rows === 0) return;
    const meanBytes = Math.max(1, sizeBytes / rows);
    this.#meanBytes = this.#meanBytes === undefined ? meanBytes : (this.#meanBytes + meanBytes) / 2;
  }
}

/** Whether a page that took so long so far would probably miss its target with a part more like the last one. */
export function shouldEndEarly(targetMs: number | undefined, spentMs: number, lastPartMs: number): boolean {
  return targetMs !== undefined && spentMs + lastPartMs > targetMs;
}

/** The rest of a query once `key` has been read. */
function behind(key: Buffer, query: RangeQuery): RangeQuery | undefined {
  if (!query.reverse) return { ...query, from: keyAfter(key) };
  const to = keyBefore(key);
  return to && { ...query, to };
}
