export interface HotSet<V> {
  /** The value, which thereby becomes the most recently used. */
  get(key: string): V | undefined;
  /** Keeps a value of `sizeBytes`, unless it is larger than an eighth of the bound; drops the least recently used. */
  set(key: string, value: V, sizeBytes: number): void;
  stats(): { count: number; sizeBytes: number; hits: number; misses: number };
}

/** What an entry costs besides its value, so that many small ones are bounded too. */
const ENTRY_BYTES = 128;

/** Whole objects in process memory, the most recently used within `maxBytes`. Values are shared, not copied. */
export function hotSet<V>({ maxBytes }: { maxBytes: number }): HotSet<V> {
  const entries = new Map<string, { value: V; costBytes: number }>();
  let sizeBytes = 0;
  let hits = 0;
  let misses = 0;

  function drop(key: string): void {
    sizeBytes -= entries.get(key)?.costBytes ?? 0;
    entries.delete(key);
  }

  return {
    get(key) {
      const entry = entries.get(key);
      if (entry === undefined) {
        misses += 1;
        return undefined;
      }
      hits += 1;
      entries.delete(key);
      entries.set(key, entry); // a Map iterates in the order of insertion: the first key is the least recently used
      return entry.value;
    },
    set(key, value, valueBytes) {
      drop(key);
      const costBytes = valueBytes + ENTRY_BYTES;
      if (costBytes > maxBytes / 8) return;
      entries.set(key, { value, costBytes });
      sizeBytes += costBytes;
      for (const oldest of entries.keys()) {
        if (sizeBytes <= maxBytes) break;
        drop(oldest);
      }
    },
    stats: () => ({ count: entries.size, sizeBytes, hits, misses }),
  };
}
