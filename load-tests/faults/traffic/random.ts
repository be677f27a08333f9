import { createHash } from "node:crypto";

/** Numbers in [0, 1), the same for the same seed: a counter, hashed. */
export function seededRandom(seed: string): () => number {
  let count = 0;
  return () => createHash("sha256").update(`${seed}/${count++}`).digest().readUInt32BE(0) / 2 ** 32;
}
