import { randomBytes } from "node:crypto";
import type { ZoneRead } from "@headwater/cache";
import { setAndSee } from "@headwater/cache/contract";
import { memcachedNode, memcachedZones } from "@headwater/cache-memcached";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { type Fault, faultyServer } from "./faulty-server.ts";

const HOST = "127.0.0.1";
const FAULTS: [Fault][] = [
  ["reset"],
  ["end"],
  ["stall"],
  ["half, then stall"],
  ["half, then end"],
  ["nonsense"],
  ["huge length"],
];

/** Far above what a read waits, so that a busy machine does not fail the test; a hang does. */
const BUSY_MS = 5_000;

describe("a server that breaks once", () => {
  const chunk = randomBytes(300_000);
  let server: Awaited<ReturnType<typeof faultyServer>>;
  beforeEach(async () => {
    server = await faultyServer();
  });
  afterEach(() => server.close());

  test.each(FAULTS)("%s: costs one miss and nothing after", async (fault) => {
    const reads: ZoneRead[] = [];
    const cache = memcachedZones({
      zones: { a: [{ host: HOST, port: server.port }] },
      own: "a",
      patienceMs: BUSY_MS,
      onRead: (read) => reads.push(read),
    });
    await setAndSee(cache, "n/1", chunk);
    reads.length = 0;
    server.breakOnce(fault);
    const startMs = performance.now();
    expect(await cache.get("n/1")).toBeUndefined();
    expect(performance.now() - startMs).toBeLessThan(BUSY_MS);
    for (let n = 0; n < 20; n += 1) expect((await cache.get("n/1"))?.equals(chunk)).toBe(true);
    expect(reads.map((read) => read.outcome)).toEqual(["error", ...Array(20).fill("hit")]);
    cache.close();
  });

  test("the other zone has it meanwhile", async () => {
    const healthy = await faultyServer();
    const cache = memcachedZones({
      zones: { a: [{ host: HOST, port: server.port }], b: [{ host: HOST, port: healthy.port }] },
      own: "a",
      patienceMs: BUSY_MS,
    });
    await setAndSee(cache, "n/1", chunk);
    server.breakOnce("stall");
    expect((await cache.get("n/1"))?.equals(chunk)).toBe(true);
    cache.close();
    await healthy.close();
  });

  test("only what was in flight on that connection fails, all of it at once", async () => {
    // No fault here is a wait, and a busy machine must not add any.
    const node = memcachedNode({ host: HOST, port: server.port, connections: 4, timeoutMs: 5_000 });
    await node.set("n/1", chunk);
    server.breakOnce("half, then end");
    const results = await Promise.allSettled(Array.from({ length: 40 }, () => node.get("n/1")));
    expect(results.filter((result) => result.status === "rejected")).toHaveLength(10);
    const after = await Promise.all(Array.from({ length: 40 }, () => node.get("n/1")));
    expect(after.every((value) => value?.equals(chunk))).toBe(true);
    expect(server.connections).toBe(5);
    node.close();
  });

  test("beyond 256 in flight a get is a miss at once and a set is dropped", async () => {
    const node = memcachedNode({ host: HOST, port: server.port, connections: 1 });
    await node.set("n/1", Buffer.from("x"));
    server.breakOnce("stall");
    const waiting = Array.from({ length: 256 }, () => node.get("n/1"));
    expect(await node.get("n/1")).toBeUndefined();
    await node.set("n/2", Buffer.from("y"));
    const results = await Promise.allSettled(waiting);
    expect(results.every((result) => result.status === "rejected")).toBe(true);
    expect(await node.get("n/2")).toBeUndefined();
    expect((await node.get("n/1"))?.toString()).toBe("x");
    node.close();
  });

  test("close fails what waits, and what comes later", async () => {
    const node = memcachedNode({ host: HOST, port: server.port });
    await node.set("n/1", chunk);
    server.breakOnce("stall");
    const waiting = node.get("n/1");
    node.close();
    await expect(waiting).rejects.toThrow("closed by us");
    await expect(node.get("n/1")).rejects.toThrow("not connected");
  });
});

test("a server that is not there is asked less and less often, and found again within a second", async () => {
  const server = await faultyServer();
  const { port } = server;
  await server.close();
  const node = memcachedNode({ host: HOST, port, connections: 1 });
  const outcomes: string[] = [];
  const untilMs = performance.now() + 500;
  while (performance.now() < untilMs) {
    await node.get("n/1").catch((error: Error) => outcomes.push(error.message.replace(/^\S+ /, "")));
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const connects = outcomes.filter((message) => message === "failed").length;
  expect(connects).toBeGreaterThanOrEqual(3);
  expect(connects).toBeLessThanOrEqual(6);
  node.close();
});
