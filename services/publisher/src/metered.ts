import type { ChunkCache } from "@headwater/cache";
import type { Kv } from "@headwater/kv";

/** The same kv; `onWrite` is told of every chunk it has taken. */
export function meteredKv(kv: Kv, onWrite: () => void): Kv {
  return {
    put: (namespace, row) => kv.put(namespace, row),
    putIfAbsent: (namespace, row) => kv.putIfAbsent(namespace, row),
    range: (namespace, id, query) => kv.range(namespace, id, query),
    readChunk: (namespace, nonce, n) => kv.readChunk(namespace, nonce, n),
    stage(namespace, nonce) {
      const staged = kv.stage(namespace, nonce);
      return {
        async write(n, bytes) {
          await staged.write(n, bytes);
          onWrite();
        },
        seal: () => staged.seal(),
        abandon: () => staged.abandon(),
      };
    },
  };
}

/** The same cache; `onWrite` is told of every chunk offered to it. */
export function meteredCache(cache: ChunkCache, onWrite: () => void): ChunkCache {
  return {
    get: (key) => cache.get(key),
    set(key, chunk) {
      onWrite();
      return cache.set(key, chunk);
    },
    claim: (key) => cache.claim(key),
    fill: (key, chunk) => cache.fill(key, chunk),
  };
}
