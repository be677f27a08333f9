import { randomBytes } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { ChunkCache } from "./port.ts";

export interface ChunkCacheSubject {
  cache: ChunkCache;
  close?(): void | Promise<void>;
}

const CHUNK_BYTES = 512 * 1024;

const STORED_WITHIN_MS = 2000;

/** Sets, and waits until it can be read: a write may resolve before its last copy is stored. */
export async function setAndSee(cache: ChunkCache, key: string, chunk: Uint8Array): Promise<void> {
  await cache.set(key, chunk);
  const untilMs = performance.now() + STORED_WITHIN_MS;
  while ((await cache.get(key)) === undefined) {
    if (performance.now() > untilMs) throw new Error(`${key} is not there ${STORED_WITHIN_MS} ms after it was set`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** What every `ChunkCache` must do. `make` gives an empty one that can hold 32 MiB. */
export function runChunkCacheContract(name: string, { make }: { make(): Promise<ChunkCacheSubject> }): void {
  describe(`chunk cache: ${name}`, () => {
    let subject: ChunkCacheSubject;
    beforeEach(async () => {
      subject = await make();
    });
    afterEach(() => subject.close?.());

    test("gives back what was set, byte for byte", async () => {
      for (const size of [0, 1, 23, 65_537, CHUNK_BYTES]) {
        const chunk = randomBytes(size);
        await setAndSee(subject.cache, `nonce/${size}`, chunk);
        const got = await subject.cache.get(`nonce/${size}`);
        expect(Buffer.isBuffer(got)).toBe(true);
        expect(got?.equals(chunk)).toBe(true);
      }
    });

    test("what was never set is not there, however close its key", async () => {
      await setAndSee(subject.cache, "nonce/1", Buffer.from("one"));
      expect(await subject.cache.get("nonce/10")).toBeUndefined();
      expect(await subject.cache.get("nonce/")).toBeUndefined();
    });

    test("keeps its own copy", async () => {
      const chunk = new Uint8Array(1024).fill(7);
      await setAndSee(subject.cache, "nonce/1", chunk);
      chunk.fill(0);
      expect((await subject.cache.get("nonce/1"))?.equals(Buffer.alloc(1024, 7))).toBe(true);
    });

    test("many at once do not get into each other's way", async () => {
      const chunks = Array.from({ length: 24 }, () => randomBytes(CHUNK_BYTES));
      for (const [n, chunk] of chunks.entries()) await setAndSee(subject.cache, `nonce/${n}`, chunk);
      const reads = await Promise.all(
        [...chunks.keys(), ...chunks.keys()].map(async (n) =>
          (await subject.cache.get(`nonce/${n}`))?.equals(chunks[n]!),
        ),
      );
      expect(reads.every((same) => same === true)).toBe(true);
    });

    test("a key nobody can store is a miss, never an error", async () => {
      for (const key of ["", "k".repeat(300), "two words\r\n"]) {
        await subject.cache.set(key, Buffer.from("x"));
        const got = await subject.cache.get(key);
        expect(got === undefined || got.toString() === "x").toBe(true);
      }
      await setAndSee(subject.cache, "nonce/1", Buffer.from("still there"));
      expect((await subject.cache.get("nonce/1"))?.toString()).toBe("still there");
    });
  });
}
