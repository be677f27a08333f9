import { randomBytes } from "node:crypto";
import type { ZoneRead } from "@headwater/cache";
import { runChunkCacheContract, setAndSee } from "@headwater/cache/contract";
import { memcachedNode, memcachedZones } from "@headwater/cache-memcached";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { freePort, haveMemcached, startMemcached } from "./real-memcached.ts";

const HOST = "127.0.0.1";
/** For tests in which nothing fails: a busy machine must not make a miss of what is there. */
const PATIENT = { timeoutMs: 2_000, patienceMs: 2_000 };
/** "Back in use" is promised within 10 s. */
const BACK_MS = 10_000;

if (haveMemcached()) {
  runChunkCacheContract("two zones on real memcached", {
    async make() {
      const servers: Awaited<ReturnType<typeof startMemcached>>[] = [];
      for (let n = 0; n < 3; n += 1) servers.push(await startMemcached(await freePort()));
      const [a1, a2, b1] = servers.map(({ port }) => ({ host: HOST, port }));
      const cache = memcachedZones({ zones: { a: [a1!, a2!], b: [b1!] }, own: "a", ...PATIENT });
      return {
        cache,
        async close() {
          cache.close();
          for (const server of servers) await server.kill();
        },
      };
    },
  });

  describe("two zones, one of which goes", () => {
    const chunk = randomBytes(512 * 1024);
    let a: Awaited<ReturnType<typeof startMemcached>>;
    let b: Awaited<ReturnType<typeof startMemcached>>;
    let cache: ReturnType<typeof memcachedZones>;
    let reads: ZoneRead[];
    const isOut = (zone: string) => cache.nodes.some((node) => node.zone === zone && node.isOut);

    beforeEach(async () => {
      a = await startMemcached(await freePort());
      b = await startMemcached(await freePort());
      reads = [];
      cache = memcachedZones({
        zones: { a: [{ host: HOST, port: a.port }], b: [{ host: HOST, port: b.port }] },
        own: "a",
        timeoutMs: 500,
        patienceMs: 200,
        onRead: (read) => reads.push(read),
      });
      await setAndSee(cache, "n/1", chunk);
    });
    afterEach(async () => {
      cache.close();
      await a.kill();
      await b.kill();
    });

    /** Reads until the last ten of them came from zone a. */
    async function backInUse(): Promise<void> {
      const startMs = performance.now();
      const fromA = () => reads.slice(-10).filter(({ zone, outcome }) => zone === "a" && outcome === "hit").length;
      reads = [];
      while (fromA() < 10) {
        if (performance.now() - startMs > BACK_MS) throw new Error(`zone a is not used after ${BACK_MS} ms`);
        await cache.get("n/1");
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }

    test.each([
      ["frozen", () => a.freeze()],
      ["killed", () => a.kill()],
    ])("%s: reads come from the other zone, whole, and soon without asking the first", async (_, fail) => {
      await fail();
      const untilMs = performance.now() + BACK_MS;
      while (!isOut("a") && performance.now() < untilMs) {
        const got = await Promise.all(Array.from({ length: 4 }, () => cache.get("n/1")));
        expect(got.every((value) => value?.equals(chunk))).toBe(true);
      }
      expect(isOut("a")).toBe(true);
      reads = [];
      for (let n = 0; n < 50; n += 1) expect((await cache.get("n/1"))?.equals(chunk)).toBe(true);
      expect(reads.filter(({ zone }) => zone === "a").every(({ outcome }) => outcome === "out")).toBe(true);
    });

    test("frozen and thawed, it is used again by itself", async () => {
      a.freeze();
      while (!isOut("a")) await cache.get("n/1");
      a.thaw();
      await backInUse();
    });

    test("killed and started again, empty, it is filled from its peer: by readers, and by who watches over it", async () => {
      for (const key of ["n/2", "n/3"]) await setAndSee(cache, key, chunk);
      const node = cache.nodes[0]!;
      expect(await node.markWarm()).toBe(true);
      expect(await node.isWarm()).toBe(true);
      await a.kill();
      while (!isOut("a")) await cache.get("n/1");
      expect(await node.isWarm()).toBeUndefined();
      expect(await node.warm("n/2")).toBeUndefined();

      a = await startMemcached(a.port);
      await backInUse();
      expect(await node.isWarm()).toBe(false);
      expect(await node.warm("n/2")).toBeGreaterThan(chunk.byteLength);
      expect(await node.warm("n/2")).toBe(0);
      expect(await node.warm("n/9")).toBe(0);
      expect(await node.markWarm()).toBe(true);
      expect(await node.isWarm()).toBe(true);
      await b.kill();
      for (const key of ["n/1", "n/2"]) expect((await cache.get(key))?.equals(chunk)).toBe(true);
      expect(await cache.get("n/3")).toBeUndefined();
    });

    test("writes and reads go on while both are frozen, as misses, and nothing hangs", async () => {
      a.freeze();
      b.freeze();
      for (let n = 0; n < 5; n += 1) {
        await Promise.all([cache.set(`m/${n}`, chunk), cache.get("n/1")]);
      }
      while (!isOut("a") || !isOut("b")) await cache.get("n/1");
      expect(await cache.get("n/1")).toBeUndefined();
      a.thaw();
      b.thaw();
      await backInUse();
    });
  });

  describe("a real memcached", () => {
    const chunk = randomBytes(512 * 1024);
    let server: Awaited<ReturnType<typeof startMemcached>>;
    beforeAll(async () => {
      server = await startMemcached(await freePort());
    });
    afterAll(() => server.kill());

    test("killed and started again it is used again by itself", async () => {
      const reads: ZoneRead[] = [];
      const cache = memcachedZones({
        zones: { a: [{ host: HOST, port: server.port }] },
        patienceMs: PATIENT.patienceMs,
        onRead: (read) => reads.push(read),
      });
      await setAndSee(cache, "n/1", chunk);
      expect((await cache.get("n/1"))?.equals(chunk)).toBe(true);

      await server.kill();
      for (let n = 0; n < 50; n += 1) expect(await cache.get("n/1")).toBeUndefined();

      server = await startMemcached(server.port);
      const upAtMs = performance.now();
      let got: Buffer | undefined;
      while (got === undefined && performance.now() < upAtMs + 10_000) {
        await cache.set("n/1", chunk);
        got = await cache.get("n/1");
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      expect(got?.equals(chunk)).toBe(true);
      for (let n = 0; n < 20; n += 1) expect((await cache.get("n/1"))?.equals(chunk)).toBe(true);
      expect(reads.slice(-20).every((read) => read.outcome === "hit")).toBe(true);
      cache.close();
    });

    test("a reply that was there in time is not lost because this process was late", async () => {
      const node = memcachedNode({ host: HOST, port: server.port, timeoutMs: 50 });
      // Small enough for all replies to wait in the socket's buffer.
      const small = chunk.subarray(0, 8 * 1024);
      await node.set("n/3", small);
      const reads = [node.get("n/3"), node.get("n/3"), node.get("n/3"), node.get("n/3")];
      await new Promise((resolve) => setImmediate(resolve)); // the requests are written
      const untilMs = performance.now() + 400;
      while (performance.now() < untilMs);
      for (const value of await Promise.all(reads)) expect(value?.equals(small)).toBe(true);
      node.close();
    });

    test("what the server refuses is not kept, and does not count as a failure of the server", async () => {
      const node = memcachedNode({ host: HOST, port: server.port });
      await node.set("too-large", Buffer.alloc(3 * 1024 * 1024));
      expect(await node.get("too-large")).toBeUndefined();
      await node.set("n/2", chunk);
      expect((await node.get("n/2"))?.equals(chunk)).toBe(true);
      node.close();
    });
  });
} else {
  test.skip("real memcached", () => {});
}
