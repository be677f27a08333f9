import { CHUNK_BYTES } from "@headwater/kv";

export const PARTITION = "crash/1080p/0";
export const SIZES = [CHUNK_BYTES, CHUNK_BYTES, 100_000];

/** The bytes that chunk `n` of a value must have. */
export function chunkOf(nonce: string, n: number): Buffer {
  return Buffer.alloc(SIZES[n]!, `${nonce} ${n} `);
}
