import { randomBytes } from "node:crypto";
import { decodeChunk, encodeChunk, FRAME_BYTES, hotSet, memoryNode, singleFlight, zones } from "@headwater/cache";
import { runChunkCacheContract } from "@headwater/cache/contract";
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { ring } from "../src/ring.ts";

const MIB = 1024 * 1024;

runChunkCacheContract("memory node", { make: async () => ({ cache: memoryNode({ maxBytes: 64 * MIB }) }) });
runChunkCacheContract("zones over memory nodes", {
  make: async () => {
    const node = () => memoryNode({ maxBytes: 64 * MIB });
    return {
      cache: zones({
        zones: [
          { name: "a", nodes: { "a1:1": node(), "a2:1": node() } },
          { name: "b", nodes: { "b1:1": node() } },
        ],
        own: "b",
      }),
    };
  },
});

describe("frame", () => {
  const chunk = randomBytes(1000);
  const value = encodeChunk("nonce/1", chunk);

  test("what was encoded is decoded", () => {
    expect(value.byteLength).toBe(chunk.byteLength + FRAME_BYTES);
    expect(decodeChunk("nonce/1", value)?.equals(chunk)).toBe(true);
    expect(decodeChunk("nonce/1", encodeChunk("nonce/1", new Uint8Array()))?.byteLength).toBe(0);
  });

  test("a value with any byte changed is a miss", () => {
    for (let n = 0; n < value.byteLength; n += 1) {
      const damaged = Buffer.from(value);
      damaged[n]! ^= 0x10;
      expect(decodeChunk("nonce/1", damaged)).toBeUndefined();
    }
  });

  test.each([
    ["cut anywhere", value.subarray(0, 500)],
    ["cut inside the frame", value.subarray(0, FRAME_BYTES - 1)],
    ["empty", Buffer.alloc(0)],
    ["longer than it says", Buffer.concat([value, Buffer.from("x")])],
    ["not ours", randomBytes(1012)],
    ["of another key", encodeChunk("nonce/2", chunk)],
  ])("a value that is %s is a miss", (_, other) => {
    expect(decodeChunk("nonce/1", other)).toBeUndefined();
  });
});

describe("ring", () => {
  const keys = Array.from({ length: 20_000 }, (_, n) => `${(n * 7919).toString(36)}/${n % 8}`);
  const names = ["10.0.0.1:11211", "10.0.0.2:11211", "10.0.0.3:11211", "10.0.0.4:11211", "10.0.0.5:11211"];

  test("spreads keys evenly", () => {
    const nodeOf = ring(names);
    const counts = new Map<string, number>();
    for (const key of keys) counts.set(nodeOf(key), (counts.get(nodeOf(key)) ?? 0) + 1);
    for (const name of names) {
      expect(counts.get(name)).toBeGreaterThan((0.75 * keys.length) / names.length);
      expect(counts.get(name)).toBeLessThan((1.25 * keys.length) / names.length);
    }
  });

  test("every process of every version places alike", () => {
    const nodeOf = ring(names);
    const placed = Array.from({ length: 16 }, (_, n) => names.indexOf(nodeOf(`nonce/${n}`)));
    expect(placed.join("")).toBe("3432103143040144");
  });

  test("of any nodes, in whatever order they are named: when one goes only its keys move, when it comes only to it", () => {
    const address = fc.tuple(fc.domain(), fc.integer({ min: 1, max: 65_535 })).map(([host, port]) => `${host}:${port}`);
    const some = fc.uniqueArray(address, { minLength: 2, maxLength: 6 });
    fc.assert(
      fc.property(some, fc.nat(), fc.array(fc.string(), { minLength: 20, maxLength: 50 }), (all, n, asked) => {
        const gone = all[n % all.length]!;
        const before = ring(all);
        const after = ring(all.filter((name) => name !== gone).reverse());
        for (const key of asked) {
          if (before(key) === gone) expect(after(key)).not.toBe(gone);
          else expect(after(key)).toBe(before(key));
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe("hot set", () => {
  test("drops the least recently used beyond its bytes", () => {
    const set = hotSet<string>({ maxBytes: 10_000 });
    for (let n = 0; n < 10; n += 1) {
      set.set(`k${n}`, `v${n}`, 1000);
      expect(set.get("k0")).toBe("v0");
    }
    expect(set.stats()).toEqual({ count: 8, sizeBytes: 8 * 1128, hits: 10, misses: 0 });
    expect(set.get("k1")).toBeUndefined();
    expect(set.get("k9")).toBe("v9");
  });

  test("a scan, however long, does not drop what was asked for again, nor what is asked for again drop the scan's room", () => {
    const set = hotSet<number>({ maxBytes: 100 * 1128 });
    for (let n = 0; n < 60; n += 1) {
      set.set(`live${n}`, n, 1000);
      set.get(`live${n}`);
    }
    for (let n = 0; n < 10_000; n += 1) set.set(`dvr${n}`, n, 1000);
    for (let n = 0; n < 60; n += 1) expect(set.get(`live${n}`)).toBe(n);
    expect(set.stats()).toMatchObject({ count: 100, sizeBytes: 100 * 1128 });
    expect([set.get("dvr9959"), set.get("dvr9960")]).toEqual([undefined, 9960]);

    for (let n = 0; n < 300; n += 1) {
      set.set(`more${n}`, n, 1000);
      set.get(`more${n}`);
    }
    // The proven have four fifths; the oldest of them are new again, and go first.
    expect([set.get("more199"), set.get("more200"), set.get("live59")]).toEqual([undefined, 200, undefined]);
    for (let n = 0; n < 15; n += 1) set.set(`dvr${n}`, n, 1000);
    expect(set.get("dvr0")).toBe(0);
    expect(set.stats().count).toBe(100);
  });

  test("does not keep what is larger than an eighth of the bound", () => {
    const set = hotSet<string>({ maxBytes: 8000 });
    set.set("k", "small", 500);
    set.set("k", "large", 1000);
    expect(set.get("k")).toBeUndefined();
    expect(set.stats()).toMatchObject({ count: 0, sizeBytes: 0 });
  });

  test("counts a replaced value once, and entries of no size", () => {
    const set = hotSet<number>({ maxBytes: 8000 });
    for (let n = 0; n < 1000; n += 1) set.set("k", n, 500);
    expect(set.stats()).toMatchObject({ count: 1, sizeBytes: 628 });
    for (let n = 0; n < 1000; n += 1) set.set(`k${n}`, n, 0);
    expect(set.stats().count).toBe(62);
  });
});

describe("single flight", () => {
  test("callers of one key share one load, and the next caller loads again", async () => {
    const flight = singleFlight<string, number>();
    const gate = Promise.withResolvers<number>();
    let loads = 0;
    const load = () => {
      loads += 1;
      return gate.promise;
    };
    const reads = Array.from({ length: 100 }, () => flight.run("k", load));
    const other = flight.run("other", async () => 2);
    expect(flight.size).toBe(2);
    gate.resolve(1);
    expect(new Set(await Promise.all(reads))).toEqual(new Set([1]));
    expect(await other).toBe(2);
    expect(loads).toBe(1);
    expect(flight.size).toBe(0);
    await flight.run("k", load);
    expect(loads).toBe(2);
  });

  test("a failure reaches all who wait and is not remembered, even when thrown at once", async () => {
    const flight = singleFlight<string, number>();
    const failing = () => {
      throw new Error("store down");
    };
    const failed = await Promise.allSettled([flight.run("k", failing), flight.run("k", failing)]);
    expect(failed.map((result) => result.status)).toEqual(["rejected", "rejected"]);
    expect(await flight.run("k", async () => 3)).toBe(3);
  });
});
