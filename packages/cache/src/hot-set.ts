export interface HotSet<V> {
  /** The value, which thereby becomes the most recently used. */
  get(key: string): V | undefined;
  /** Keeps a value of `sizeBytes`, unless it is larger than an eighth of the bound; drops what is needed least. */
  set(key: string, value: V, sizeBytes: number): void;
  stats(): { count: number; sizeBytes: number; hits: number; misses: number };
}

/** What an entry costs besides its value, so that many small ones are bounded too. */
const ENTRY_BYTES = 128;
/** Of the bound, for what was asked for more than once. */
const PROVEN_SHARE = 0.8;

interface Entry<V> {
  readonly value: V;
  readonly costBytes: number;
}

/**
 * Whole objects in process memory within `maxBytes`, as a segmented LRU: what was asked for again since it came is proven, and has
 * four fifths of the room to itself. So a scan, which asks for each object once, drops only other new ones, however
 * long it is. Values are shared, not copied.
 */
export function hotSet<V>({ maxBytes }: { maxBytes: number }): HotSet<V> {
  const fresh = lru<V>();
  const proven = lru<V>();
  let hits = 0;
  let misses = 0;

  function prove(key: string, entry: Entry<V>): void {
    proven.add(key, entry);
    while (proven.sizeBytes > maxBytes * PROVEN_SHARE) fresh.add(...proven.takeOldest()!);
  }

  return {
    get(key) {
      const entry = proven.take(key) ?? fresh.take(key);
      if (entry === undefined) {
        misses += 1;
        return undefined;
      }
      hits += 1;
      prove(key, entry);
      return entry.value;
    },
    set(key, value, valueBytes) {
      const wasProven = proven.take(key) !== undefined;
      fresh.take(key);
      const entry = { value, costBytes: valueBytes + ENTRY_BYTES };
      if (entry.costBytes > maxBytes / 8) return;
      if (wasProven) prove(key, entry);
      else fresh.add(key, entry);
      while (fresh.sizeBytes + proven.sizeBytes > maxBytes) fresh.takeOldest() ?? proven.takeOldest();
    },
    stats: () => ({
      count: fresh.count + proven.count,
      sizeBytes: fresh.sizeBytes + proven.sizeBytes,
      hits,
      misses,
    }),
  };
}

/** Entries in the order of their use; a Map iterates in the order of insertion, so the first is the oldest. */
function lru<V>() {
  const entries = new Map<string, Entry<V>>();
  let sizeBytes = 0;
  function take(key: string): Entry<V> | undefined {
    const entry = entries.get(key);
    if (entry !== undefined && entries.delete(key)) sizeBytes -= entry.costBytes;
    return entry;
  }
  return {
    take,
    takeOldest(): [string, Entry<V>] | undefined {
      const [key] = entries.keys();
      return key === undefined ? undefined : [key, take(key)!];
    },
    add(key: string, entry: Entry<V>): void {
      entries.set(key, entry);
      sizeBytes += entry.costBytes;
    },
    get count() {
      return entries.size;
    },
    get sizeBytes() {
      return sizeBytes;
    },
  };
}
