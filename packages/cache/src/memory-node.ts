import { hotSet } from "./hot-set.ts";
import type { ChunkNode } from "./node.ts";
import type { ChunkCache } from "./port.ts";

/** Chunks in the memory of this process, the most recently used within `maxBytes`; larger than an eighth: not kept. */
export function memoryNode({ maxBytes }: { maxBytes: number }): ChunkCache & ChunkNode {
  const chunks = hotSet<Buffer>({ maxBytes });
  return {
    get: async (key) => chunks.get(key),
    set: async (key, chunk) => chunks.set(key, Buffer.from(chunk), chunk.byteLength),
    has: async (key) => chunks.get(key) !== undefined,
  };
}
