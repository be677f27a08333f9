import { hotSet } from "./hot-set.ts";
import type { ChunkNode } from "./node.ts";
import type { ChunkCache } from "./port.ts";

const BRIEFLY_MS = 1000;

/** Chunks in the memory of this process, the most recently used within `maxBytes`; larger than an eighth: not kept. */
export function memoryNode({ maxBytes }: { maxBytes: number }): ChunkCache & ChunkNode {
  const chunks = hotSet<{ chunk: Buffer; untilMs: number }>({ maxBytes });

  function get(key: string): Buffer | undefined {
    const found = chunks.get(key);
    return found !== undefined && performance.now() < found.untilMs ? found.chunk : undefined;
  }
  function keep(key: string, chunk: Uint8Array, untilMs = Number.POSITIVE_INFINITY): void {
    chunks.set(key, { chunk: Buffer.from(chunk), untilMs }, chunk.byteLength);
  }
  async function addBriefly(key: string, value: Uint8Array): Promise<boolean> {
    if (get(key) !== undefined) return false;
    keep(key, value, performance.now() + BRIEFLY_MS);
    return true;
  }

  return {
    get: async (key) => get(key),
    set: async (key, chunk) => keep(key, chunk),
    has: async (key) => get(key) !== undefined,
    addBriefly,
    claim: (key) => addBriefly(`claim/${key}`, new Uint8Array()),
    fill: (key, chunk) => keep(key, chunk),
  };
}
