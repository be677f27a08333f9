import { randomBytes } from "node:crypto";
import { memoryNode, type Zone, zones } from "@headwater/cache";
import { CHUNK_BYTES, type ChunkRef, type Kv, KvError, memoryKv, newNonce } from "@headwater/kv";
import { beforeEach, describe, expect, test } from "@jest/globals";
import { openGate } from "../src/reader/read-gate.ts";
import { type Tier, Tiers } from "../src/reader/tiers.ts";

const ASKER = { class: "live-edge", object: "o", edge: "" } as const;

describe("bytes that no cache has", () => {
  const body = randomBytes(3 * CHUNK_BYTES + 1000);
  let zone: Zone;
  let kv: Kv;
  let ref: ChunkRef;
  let storeReads: string[];
  let read: (n: number) => Promise<void>;

  beforeEach(async () => {
    zone = { name: "a", nodes: { "a:1": memoryNode({ maxBytes: 64 * 1024 * 1024 }) } };
    const memory = memoryKv();
    ref = { nonce: newNonce(0), chunks: 4, sizeBytes: body.length, hash: "" };
    const staged = memory.stage("1h", ref.nonce);
    for (let n = 0; n < 4; n += 1) await staged.write(n, body.subarray(n * CHUNK_BYTES, (n + 1) * CHUNK_BYTES));
    await staged.seal();
    storeReads = [];
    read = async () => {};
    kv = {
      ...memory,
      async readChunk(namespace, nonce, n) {
        storeReads.push(`${nonce}/${n}`);
        await read(n);
        return memory.readChunk(namespace, nonce, n);
      },
    };
  });

  /** A process of its own, with what its reads were answered by. */
  function newProcess() {
    const tiers: Tier[] = [];
    const all = new Tiers({
      kv,
      cache: zones({ zones: [zone] }),
      memoryBytes: 64 * 1024 * 1024,
      gate: openGate,
      onRead: (tier) => tiers.push(tier),
    });
    const open = async () => Buffer.concat((await all.open("1h", ref, ASKER)).chunks).equals(body);
    return { open, tiers };
  }

  test("500 who ask at once cost one read of each chunk; later ones none", async () => {
    const one = newProcess();
    const all = await Promise.all(Array.from({ length: 500 }, () => one.open()));
    expect(all.every((isRight) => isRight)).toBe(true);
    expect(storeReads).toHaveLength(4);
    expect(await newProcess().open()).toBe(true);
    expect(storeReads).toHaveLength(4);
  });

  test("of the processes of a zone one reads each chunk, the others wait for it there", async () => {
    const processes = Array.from({ length: 4 }, newProcess);
    const all = await Promise.all(processes.map(({ open }) => open()));
    expect(all).toEqual([true, true, true, true]);
    expect(new Set(storeReads).size).toBe(4);
    expect(storeReads).toHaveLength(4);
    expect(processes.flatMap(({ tiers }) => tiers).filter((tier) => tier === "memcached")).toHaveLength(12);
  });

  test("one that fails to read costs the others a short wait: then they read themselves", async () => {
    let failures = 1;
    read = async (n) => {
      if (n === 0 && failures > 0) {
        failures -= 1;
        throw new KvError("unavailable", "the node has gone");
      }
    };
    const results = await Promise.allSettled([newProcess(), newProcess()].map(({ open }) => open()));
    expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  });
});
