import { type ChunkNode, encodeChunk, memoryNode, type ZoneRead, type ZoneWrite, zones } from "@headwater/cache";
import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import { fillRoom } from "../src/fills.ts";

type SwitchedNode = ChunkNode & { mode: "up" | "failing" | "hanging" | "lying"; calls: number; release(): void };

/** A node that can be told to fail, to keep everybody waiting until released, or to change what it gives back. */
function switchedNode(): SwitchedNode {
  const memory = memoryNode({ maxBytes: 8 * 1024 * 1024 });
  let gate = Promise.withResolvers<void>();
  async function through<T>(operation: () => Promise<T>): Promise<T> {
    node.calls += 1;
    if (node.mode === "failing") throw new Error("node is down");
    if (node.mode === "hanging") await gate.promise;
    return operation();
  }
  const node: SwitchedNode = {
    mode: "up",
    calls: 0,
    async get(key) {
      const value = await through(() => memory.get(key));
      return node.mode === "lying" && value ? Buffer.from(value.map((byte, n) => (n < 8 ? byte : byte ^ 1))) : value;
    },
    set: (key, value) => through(() => memory.set(key, value)),
    has: (key) => through(() => memory.has(key)),
    addBriefly: (key, value) => through(() => memory.addBriefly(key, value)),
    release() {
      gate.resolve();
      gate = Promise.withResolvers();
    },
  };
  return node;
}

describe("zones", () => {
  const chunk = Buffer.from("the bytes of a chunk");
  let nodes: { a: SwitchedNode; b: SwitchedNode; c: SwitchedNode };
  let reads: ZoneRead[];
  let writes: ZoneWrite[];
  let nowMs: number;
  const make = (own?: string) =>
    zones({
      zones: [
        { name: "a", nodes: { "a:1": nodes.a } },
        { name: "b", nodes: { "b:1": nodes.b } },
        { name: "c", nodes: { "c:1": nodes.c } },
      ],
      ...(own !== undefined && { own }),
      onRead: (read) => reads.push(read),
      onWrite: (write) => writes.push(write),
      nowMs: () => nowMs,
    });

  beforeEach(() => {
    nodes = { a: switchedNode(), b: switchedNode(), c: switchedNode() };
    reads = [];
    writes = [];
    nowMs = 0;
  });
  const readOutcomes = () => reads.map((read) => `${read.zone} ${read.outcome}`);
  const writeOutcomes = () => writes.map((write) => `${write.zone} ${write.outcome}`).sort();
  const settle = async () => {
    for (let n = 0; n < 20; n += 1) await Promise.resolve();
  };
  /** Lets fake time pass, a millisecond at a time, with what happens at once after each. */
  const pass = async (ms: number) => {
    for (let left = ms; left >= 0; left -= 1) {
      await jest.advanceTimersByTimeAsync(left > 0 ? 1 : 0);
      await new Promise(setImmediate);
    }
  };
  afterEach(() => {
    jest.useRealTimers();
  });

  test("writes to all and reads the own zone first, the others in order after it", async () => {
    const cache = make("b");
    await cache.set("n/1", chunk);
    expect((await cache.get("n/1"))?.equals(chunk)).toBe(true);
    expect(reads).toEqual([{ zone: "b", outcome: "hit" }]);
    nodes.b.mode = "failing";
    nodes.a.mode = "failing";
    expect((await cache.get("n/1"))?.equals(chunk)).toBe(true);
    expect(reads.slice(1)).toEqual([
      { zone: "b", outcome: "error" },
      { zone: "a", outcome: "error" },
      { zone: "c", outcome: "hit" },
    ]);
    reads = [];
    expect(await make().get("n/2")).toBeUndefined();
    expect(reads.map((read) => `${read.zone} ${read.outcome}`)).toEqual(["a error", "b error", "c miss"]);
  });

  test("a value damaged in one zone is read from another", async () => {
    const cache = make("a");
    await cache.set("n/1", chunk);
    const stored = Buffer.from((await nodes.a.get("n/1"))!);
    stored[stored.length - 1]! ^= 1;
    await nodes.a.set("n/1", stored);
    expect((await cache.get("n/1"))?.equals(chunk)).toBe(true);
    expect(reads.map((read) => `${read.zone} ${read.outcome}`)).toEqual(["a error", "b hit"]);
  });

  test("a node that failed three times in a row is left out, and tried in the background at most every 100 ms", async () => {
    nodes.a.mode = "failing";
    const cache = make("a");
    for (nowMs = 0; nowMs < 1000; nowMs += 10) await cache.get("n/1");
    expect(nodes.a.calls).toBe(3 + 9);
    expect(readOutcomes().filter((read) => read.startsWith("a"))).toEqual([
      ...Array(3).fill("a error"),
      ...Array(97).fill("a out"),
    ]);
    expect(cache.nodes[0]).toMatchObject({ zone: "a", address: "a:1", isOut: true });
    await cache.set("n/1", chunk);
    expect(writeOutcomes()).toEqual(["a out", "b stored", "c stored"]);
  });

  test("a node that hangs costs its readers nothing while it is left out, and is used again when it answers", async () => {
    nodes.a.mode = "failing";
    const cache = make("a");
    await cache.set("n/1", chunk);
    for (let n = 0; n < 3; n += 1) await cache.get("n/1");
    nodes.a.mode = "hanging";
    const { calls } = nodes.a;
    nowMs = 100;
    for (let n = 0; n < 10; n += 1) expect((await cache.get("n/1"))?.equals(chunk)).toBe(true);
    expect(nodes.a.calls).toBe(calls + 1);

    nodes.a.mode = "up";
    nodes.a.release();
    await settle();
    expect(cache.nodes[0]?.isOut).toBe(false);
    reads = [];
    await cache.get("n/1");
    expect(readOutcomes()).toEqual(["a miss", "b hit"]);
  });

  test("a node whose values are wrong is left out, and stays out while they are", async () => {
    const cache = make("a");
    await cache.set("n/1", chunk);
    nodes.a.mode = "lying";
    for (nowMs = 0; nowMs < 1000; nowMs += 10) expect((await cache.get("n/1"))?.equals(chunk)).toBe(true);
    expect(readOutcomes().filter((read) => read === "a error")).toHaveLength(3);
    nodes.a.mode = "up";
    nowMs += 100;
    await cache.get("n/1");
    await settle();
    expect((await cache.get("n/1"))?.equals(chunk)).toBe(true);
    expect(reads.at(-1)).toEqual({ zone: "a", outcome: "hit" });
  });

  test("what another version has stored is missing, and written anew; the node is not blamed", async () => {
    const cache = make("a");
    await cache.set("n/1", chunk);
    await nodes.a.set("n/1", Buffer.from("HWC0, and what came after it then"));
    for (let n = 0; n < 5; n += 1) expect((await cache.get("n/1"))?.equals(chunk)).toBe(true);
    expect(readOutcomes()).toEqual(["a miss", "b hit", "a hit", "a hit", "a hit", "a hit"]);
  });

  test("a zone that does not answer within 20 ms is late: the next is asked as well, and who has it first is believed", async () => {
    jest.useFakeTimers({ doNotFake: ["setImmediate"] });
    const cache = make("a");
    await cache.set("n/1", chunk);
    nodes.a.mode = "hanging";
    nodes.b.mode = "hanging";
    const read = cache.get("n/1");
    await pass(19);
    expect(nodes.b.calls).toBe(1);
    await pass(21);
    expect((await read)?.equals(chunk)).toBe(true);
    expect(readOutcomes()).toEqual(["a late", "b late", "c hit"]);

    reads = [];
    const again = cache.get("n/1");
    await pass(20);
    nodes.a.release();
    expect((await again)?.equals(chunk)).toBe(true);
    expect(readOutcomes()).toEqual(["a late"]);
    nodes.b.release();
  });

  test("the last zone is waited for 60 ms", async () => {
    jest.useFakeTimers({ doNotFake: ["setImmediate"] });
    for (const node of Object.values(nodes)) node.mode = "hanging";
    const ended = jest.fn();
    void make("a").get("n/1").then(ended);
    await pass(99);
    expect(ended).not.toHaveBeenCalled();
    await pass(1);
    expect(ended).toHaveBeenCalledWith(undefined);
    expect(readOutcomes()).toEqual(["a late", "b late", "c late"]);
    for (const node of Object.values(nodes)) node.release();
  });

  test("a claim is made in the own zone, and waited for 20 ms: who cannot tell fetches by himself", async () => {
    const cache = make("b");
    expect([await cache.claim("n/1"), await cache.claim("n/1"), await cache.claim("n/2")]).toEqual([true, false, true]);
    jest.useFakeTimers({ doNotFake: ["setImmediate"] });
    nodes.b.mode = "hanging";
    let claimed: boolean | undefined;
    void cache.claim("n/1").then((mine) => {
      claimed = mine;
    });
    await pass(19);
    expect(claimed).toBeUndefined();
    await pass(1);
    expect(claimed).toBe(true);
    nodes.b.mode = "failing";
    expect(await cache.claim("n/1")).toBe(true);
  });

  test("at most 32 are in a hurry at a time", async () => {
    jest.useFakeTimers({ doNotFake: ["setImmediate"] });
    const cache = make("a");
    await cache.set("n/1", chunk);
    nodes.a.mode = "hanging";
    nodes.b.mode = "hanging";
    const all = Promise.all(Array.from({ length: 100 }, () => cache.get("n/1")));
    await pass(20);
    expect(nodes.b.calls).toBe(1 + 32);
    nodes.a.release();
    nodes.b.release();
    for (const read of await all) expect(read?.equals(chunk)).toBe(true);
    nodes.a.mode = "up";
    expect((await cache.get("n/1"))?.equals(chunk)).toBe(true);
  });

  test("a write waits for all zones but one", async () => {
    jest.useFakeTimers({ doNotFake: ["setImmediate"] });
    nodes.a.mode = "hanging";
    const cache = make("a");
    await cache.set("n/1", chunk);
    expect((await nodes.c.get("n/1"))?.byteLength).toBeGreaterThan(chunk.byteLength);
    expect(writeOutcomes()).toEqual(["b stored", "c stored"]);
    nowMs = 21;
    nodes.a.release();
    await settle();
    expect(writeOutcomes()).toEqual(["a late", "b stored", "c stored"]);
  });

  test("a write that failed is not one of those that are waited for", async () => {
    jest.useFakeTimers({ doNotFake: ["setImmediate"] });
    nodes.a.mode = "failing";
    nodes.b.mode = "hanging";
    const cache = make("a");
    const done = jest.fn();
    void cache.set("n/1", chunk).then(done);
    await settle();
    expect(done).not.toHaveBeenCalled();
    nodes.b.release();
    await settle();
    expect(done).toHaveBeenCalled();
    expect(writeOutcomes()).toEqual(["a error", "b stored", "c stored"]);
  });

  test("a write waits 20 ms at most, and goes on by itself", async () => {
    jest.useFakeTimers({ doNotFake: ["setImmediate"] });
    nodes.a.mode = "hanging";
    nodes.b.mode = "hanging";
    const cache = make("a");
    let resolved = false;
    const write = cache.set("n/1", chunk).then(() => {
      resolved = true;
    });
    await pass(19);
    expect(resolved).toBe(false);
    await pass(1);
    await write;
    nodes.a.mode = "up";
    nodes.a.release();
    await pass(0);
    expect((await cache.get("n/1"))?.equals(chunk)).toBe(true);
    expect(reads).toEqual([{ zone: "a", outcome: "hit" }]);
  });

  test("a copy that a reader misses is filled from the one it finds, 16 at a time and 64 MiB a second", async () => {
    const cache = make("a");
    await nodes.b.set("n/1", encodeChunk("n/1", chunk));
    expect((await cache.get("n/1"))?.equals(chunk)).toBe(true);
    await settle();
    expect(writeOutcomes()).toEqual(["a filled"]);
    expect((await cache.get("n/1"))?.equals(chunk)).toBe(true);
    expect(readOutcomes()).toEqual(["a miss", "b hit", "a hit"]);
    expect(await cache.get("n/2")).toBeUndefined();

    const fill = fillRoom(() => nowMs);
    let [begun, release] = [0, () => {}];
    const slow = () => {
      begun += 1;
      return new Promise<void>((resolve) => {
        release = resolve;
      });
    };
    for (let n = 0; n < 20; n += 1) fill(1, slow);
    expect(begun).toBe(16);
    release();
    await settle();
    fill(64 * 1024 * 1024, slow);
    expect(begun).toBe(16);
    nowMs += 1000;
    fill(64 * 1024 * 1024, slow);
    expect(begun).toBe(17);
  });

  describe("who watches over a node", () => {
    beforeEach(() => make().set("n/1", chunk));
    const watched = (node = switchedNode()) => {
      nodes.a = node;
      return make().nodes[0]!;
    };

    test("has it filled with what belongs to it, from the first zone that has it", async () => {
      nodes.b = switchedNode();
      const node = watched();
      expect(await node.warm("n/1")).toBeGreaterThan(chunk.byteLength);
      expect(await node.warm("n/1")).toBe(0);
      expect(await node.warm("n/2")).toBe(0);
      expect(writeOutcomes().filter((write) => write.endsWith("filled"))).toEqual(["a filled"]);
      expect(await nodes.a.get("n/1")).toEqual(encodeChunk("n/1", chunk));
    });

    test("is told when it may lack something: it did not answer, or a zone that may have it did not", async () => {
      const node = watched();
      for (const failing of [[nodes.a], [nodes.b, nodes.c]]) {
        for (const one of failing) one.mode = "failing";
        expect(await node.warm("n/1")).toBeUndefined();
        for (const one of failing) one.mode = "up";
      }
      nodes.b.mode = "failing";
      expect(await node.warm("n/2")).toBeUndefined();
      nodes.a.set = () => Promise.reject(new Error("went away"));
      expect(await node.warm("n/1")).toBeUndefined();
    });

    test("is told whether it has kept the mark that it is warm", async () => {
      const node = watched();
      expect(await node.isWarm()).toBe(false);
      expect(await node.markWarm()).toBe(true);
      expect(await node.isWarm()).toBe(true);
      nodes.a.mode = "failing";
      expect(await node.markWarm()).toBe(false);
      expect(await node.isWarm()).toBeUndefined();
      expect(await watched({ ...switchedNode(), set: async () => {} }).markWarm()).toBe(false);
    });
  });

  test("writes that hang are bounded: beyond 128 they are given up", async () => {
    jest.useFakeTimers({ doNotFake: ["setImmediate"] });
    for (const node of Object.values(nodes)) node.mode = "hanging";
    const cache = make();
    const all = Promise.all(Array.from({ length: 200 }, (_, n) => cache.set(`n/${n}`, chunk)));
    await pass(20);
    await all;
    expect(nodes.a.calls).toBe(128);
    expect(writes.filter(({ outcome }) => outcome === "dropped")).toHaveLength(72 * 3);
    for (const node of Object.values(nodes)) node.mode = "up";
    for (const node of Object.values(nodes)) node.release();
    await pass(0);
    await cache.set("n/200", chunk);
    expect(nodes.a.calls).toBe(129);
  });

  test("no zones at all is a cache that is always empty", async () => {
    const none = zones({ zones: [], own: "a" });
    await none.set("n/1", chunk);
    expect(await none.get("n/1")).toBeUndefined();
  });

  test("refuses an own zone that is not there, and a zone without nodes", () => {
    expect(() => make("d")).toThrow('own zone "d" is not one of: a, b, c');
    expect(() => zones({ zones: [{ name: "a", nodes: {} }] })).toThrow('zone "a" has no nodes');
  });
});
