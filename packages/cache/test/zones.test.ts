import { type ChunkNode, memoryNode, type ZoneRead, zones } from "@headwater/cache";
import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";

type SwitchedNode = ChunkNode & { mode: "up" | "failing" | "hanging"; calls: number; release(): void };

/** A node that can be told to fail, or to keep everybody waiting until released. */
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
    get: (key) => through(() => memory.get(key)),
    set: (key, value) => through(() => memory.set(key, value)),
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
      nowMs: () => nowMs,
    });

  beforeEach(() => {
    nodes = { a: switchedNode(), b: switchedNode(), c: switchedNode() };
    reads = [];
    nowMs = 0;
  });
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

  test("a node that failed three times in a row is left alone for a second, then tried once at a time", async () => {
    nodes.a.mode = "failing";
    const cache = make("a");
    for (let n = 0; n < 10; n += 1) await cache.get("n/1");
    expect(nodes.a.calls).toBe(3);
    nowMs = 999;
    await cache.get("n/1");
    expect(nodes.a.calls).toBe(3);

    nowMs = 1000;
    nodes.a.mode = "hanging";
    const trial = cache.get("n/1");
    await cache.get("n/1");
    expect(nodes.a.calls).toBe(4);
    nodes.a.mode = "up";
    nodes.a.release();
    await trial;

    await cache.get("n/1");
    expect(nodes.a.calls).toBe(5);
    expect(reads.at(-3)).toEqual({ zone: "a", outcome: "miss" });
  });

  test("a failed trial costs one request a second", async () => {
    nodes.a.mode = "failing";
    const cache = make("a");
    for (nowMs = 0; nowMs < 10_000; nowMs += 10) await cache.get("n/1");
    expect(nodes.a.calls).toBe(3 + 9);
  });

  test("a write waits for all zones but one", async () => {
    jest.useFakeTimers();
    nodes.a.mode = "hanging";
    const cache = make("a");
    await cache.set("n/1", chunk);
    expect((await nodes.c.get("n/1"))?.byteLength).toBeGreaterThan(chunk.byteLength);
    nodes.a.mode = "up";
    nodes.a.release();
  });

  test("a write waits 20 ms at most, and goes on by itself", async () => {
    jest.useFakeTimers();
    nodes.a.mode = "hanging";
    nodes.b.mode = "hanging";
    const cache = make("a");
    let resolved = false;
    const write = cache.set("n/1", chunk).then(() => {
      resolved = true;
    });
    await jest.advanceTimersByTimeAsync(19);
    expect(resolved).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    await write;
    nodes.a.mode = "up";
    nodes.a.release();
    await jest.advanceTimersByTimeAsync(0);
    expect((await cache.get("n/1"))?.equals(chunk)).toBe(true);
    expect(reads).toEqual([{ zone: "a", outcome: "hit" }]);
  });

  test("writes that hang are bounded: beyond 128 they are given up", async () => {
    jest.useFakeTimers();
    for (const node of Object.values(nodes)) node.mode = "hanging";
    const cache = make();
    const writes = Promise.all(Array.from({ length: 200 }, (_, n) => cache.set(`n/${n}`, chunk)));
    await jest.advanceTimersByTimeAsync(20);
    await writes;
    expect(nodes.a.calls).toBe(128);
    for (const node of Object.values(nodes)) node.mode = "up";
    for (const node of Object.values(nodes)) node.release();
    await jest.advanceTimersByTimeAsync(0);
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
