import { randomBytes } from "node:crypto";
import type { ZoneRead } from "@headwater/cache";
import { runChunkCacheContract, setAndSee } from "@headwater/cache/contract";
import { memcachedNode, memcachedZones } from "@headwater/cache-memcached";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { freePort, haveMemcached, startMemcached } from "./real-memcached.ts";

const HOST = "127.0.0.1";

if (haveMemcached()) {
  runChunkCacheContract("two zones on real memcached", {
    async make() {
      const servers: Awaited<ReturnType<typeof startMemcached>>[] = [];
      for (let n = 0; n < 3; n += 1) servers.push(await startMemcached(await freePort()));
      const [a1, a2, b1] = servers.map(({ port }) => ({ host: HOST, port }));
      const cache = memcachedZones({ zones: { a: [a1!, a2!], b: [b1!] }, own: "a" });
      return {
        cache,
        async close() {
          cache.close();
          for (const server of servers) await server.kill();
        },
      };
    },
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
