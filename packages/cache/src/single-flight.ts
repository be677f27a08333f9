export interface SingleFlight<K, V> {
  /** The result of the load already under way for this key, else of `load`. A failure goes to all who wait for it. */
  run(key: K, load: () => Promise<V>): Promise<V>;
  /** Loads under way. */
  readonly size: number;
}

/** Callers of one key share one load. Nothing is remembered once a load has ended, well or badly. */
export function singleFlight<K, V>(): SingleFlight<K, V> {
  const loads = new Map<K, Promise<V>>();
  return {
    run(key, load) {
      const underWay = loads.get(key);
      if (underWay !== undefined) return underWay;
      const started = Promise.resolve()
        .then(load)
        .finally(() => loads.delete(key));
      loads.set(key, started);
      return started;
    },
    get size() {
      return loads.size;
    },
  };
}
