/** A process that commits values without end into the folder of its argument, and prints the key of each once it is durable. */
import { encodeValue, newNonce, nextToken } from "@headwater/kv";
import { openLocalKv } from "@headwater/kv-local";
import { chunkOf, PARTITION, SIZES } from "./crash-values.ts";

const kv = await openLocalKv({ dir: process.argv[2]! });
for (;;) {
  const nonce = newNonce(Date.now());
  const staged = kv.stage("1h", nonce);
  await Promise.all(SIZES.map((_, n) => staged.write(n, chunkOf(nonce, n))));
  await staged.seal();
  const sizeBytes = SIZES.reduce((sum, size) => sum + size);
  const value = encodeValue({ ref: { nonce, chunks: SIZES.length, sizeBytes, hash: "" }, meta: {} });
  await kv.put("1h", { id: PARTITION, key: Buffer.from(nonce), value, tokenUs: nextToken(Date.now()) });
  process.stdout.write(`${nonce}\n`);
}
