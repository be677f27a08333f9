import { setTimeout as delay } from "node:timers/promises";
import { type ChunkCache, type ChunkNode, FRAME_BYTES, memoryNode, zones } from "@headwater/cache";
import type { Kv } from "@headwater/kv";
import { TAIL_NUMBERS } from "@headwater/segment-store/catalog";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { audit } from "../src/jobs/audit.ts";
import { eventEnd } from "../src/jobs/event-end.ts";
import { eviction } from "../src/jobs/eviction.ts";
import { type Job, jobsOf } from "../src/jobs/index.ts";
import { retention } from "../src/jobs/retention.ts";
import { sweep } from "../src/jobs/sweep.ts";
import { warmUp } from "../src/jobs/warm-up.ts";
import { JobRunner } from "../src/scheduling/job-runner.ts";
import { timerScheduler } from "../src/scheduling/timers.ts";
import { World } from "./support/worker.ts";

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

let world: World;
beforeEach(async () => {
  world = await World.open();
});
afterEach(() => world.close());

const auditOf = (kv: Kv) => {
  const { catalog, logger, inconsistencies } = world;
  return audit({ kv, catalog, logger, inconsistencies });
};
const run = (job: Job) => job.run(world.clock.nowMs(), new AbortController().signal);

describe("media of the embedded store", () => {
  test("retention: what has outlived its class goes, what is younger and what operators made stays", async () => {
    const [short, long] = [await world.event("short"), await world.event("long", { retention: "6h" })];
    await world.putControl("kept");
    const old = await world.publish(short, "720p", 1);
    const longer = await world.publish(long, "720p", 1);
    world.clock.advance(2.5 * HOUR_MS);
    const young = await world.publish(short, "720p", 4500);
    world.clock.advance(0.9 * HOUR_MS);

    expect(await run(retention(world.stores.local!))).toEqual({ rows: 1, files: 1 });
    expect(await world.isThere("1h", old)).toBe(false);
    expect(await world.isThere("1h", young)).toBe(true);
    expect(await world.isThere("6h", longer)).toBe(true);
    expect(await world.control("kept")).toBe("kept");
    expect(await world.catalog.view(short).readHighest()).toBe(4500);
    expect(await run(retention(world.stores.local!))).toEqual({ rows: 0, files: 0 });
  });

  test("eviction: the oldest go first, of whatever class, until there is room", async () => {
    const [short, long] = [await world.event("short"), await world.event("long", { retention: "7d" })];
    const refs = [];
    for (const number of [0, 1, 2, 3]) {
      refs.push(await world.publish(number % 2 === 0 ? long : short, "720p", number));
      world.clock.advance(2000);
    }
    expect(await run(eviction(world.stores.local!, 5000))).toEqual({ rows: 0, files: 0 });
    expect(await run(eviction(world.stores.local!, 2500))).toEqual({ rows: 2, files: 2 });
    const there = await Promise.all(refs.map((ref, n) => world.isThere(n % 2 === 0 ? "7d" : "1h", ref)));
    expect(there).toEqual([false, false, true, true]);
  });

  test("sweep: files that no row names go once no upload can be behind them", async () => {
    const event = await world.event("derby");
    const named = await world.publish(event, "720p", 1);
    const lost = await world.stage("1h");
    world.clock.advance(11 * MINUTE_MS);
    const coming = await world.stage("1h");
    expect(await run(sweep(world.stores.local!))).toEqual({ rows: 0, files: 1 });
    expect(await Promise.all([named, lost, coming].map((ref) => world.isThere("1h", ref)))).toEqual([
      true,
      false,
      true,
    ]);
  });

  test("only the embedded store has any of these", () => {
    const { stores, settings, catalog, logger, inconsistencies } = world;
    const names = (s: typeof stores) =>
      jobsOf({ settings, stores: s, catalog, logger, inconsistencies }).map(({ name }) => name);
    expect(names(stores)).toEqual(["retention", "sweep", "event-end", "audit"]);
    const { local: _, ...cluster } = stores;
    expect(names(cluster)).toEqual(["event-end", "audit"]);
  });
});

describe("warm-up", () => {
  const CHUNK = Buffer.alloc(1000, 1);
  const memory = () => memoryNode({ maxBytes: 1e6 });

  /** Two zones of two servers each, that can be made to fail, over memory that can be taken away. */
  function twoZones() {
    const server = () => ({ is: memory(), isUp: true, silentFor: (_key: string) => false, keepsMarks: true });
    const servers = Object.fromEntries(["a1", "a2", "b1", "b2"].map((name) => [name, server()]));
    const node = (name: string): ChunkNode => {
      const server = servers[name]!;
      const up = (key: string) => {
        if (!server.isUp || server.silentFor(key)) throw new Error("away");
        return server.is;
      };
      return {
        get: async (key) => up(key).get(key),
        set: async (key, value) => {
          if (server.keepsMarks || !key.startsWith("warm/")) await up(key).set(key, value);
        },
        has: async (key) => up(key).has(key),
        addBriefly: async (key, value) => up(key).addBriefly(key, value),
      };
    };
    const filled: string[] = [];
    const elapsed = { ms: 0 };
    const cache = zones({
      nowMs: () => elapsed.ms,
      zones: [
        { name: "a", nodes: { a1: node("a1"), a2: node("a2") } },
        { name: "b", nodes: { b1: node("b1"), b2: node("b2") } },
      ],
      onWrite: ({ zone, outcome }) => outcome === "filled" && filled.push(zone),
    });
    return { cache, servers, filled, elapsed };
  }

  async function published(cache: ChunkCache, numbers: number) {
    const event = await world.event("derby");
    const ended = await world.event("over");
    const keys: string[] = [];
    for (let number = 0; number < numbers; number += 1) {
      for (const rendition of ["720p", "audio"])
        keys.push(`${(await world.publish(event, rendition, number)).nonce}/0`);
    }
    keys.push(`${(await world.publish(ended, "720p", 1)).nonce}/0`);
    await world.events.end("over", 1);
    for (const key of keys) await cache.set(key, CHUNK);
    await world.catalog.refreshEvents();
    return keys.slice(0, -1);
  }

  test("a server that has come up empty gets the newest of what belongs to it, once", async () => {
    const { cache, servers, filled } = twoZones();
    const keys = await published(cache, 80);
    const job = warmUp(cache.nodes, world.catalog);
    expect(await run(job)).toEqual({ warmed: 4, bytes: 0 });
    expect(await run(job)).toEqual({ warmed: 0, bytes: 0 });

    servers.b1!.is = memory();
    servers.b2!.is = memory();
    const { warmed, bytes } = await run(job);
    expect(warmed).toBe(2);
    expect(filled).toEqual(Array(bytes! / (CHUNK.length + FRAME_BYTES)).fill("b"));
    servers.a1!.isUp = false;
    servers.a2!.isUp = false;
    const there = await Promise.all(keys.map(async (key) => (await cache.get(key))?.equals(CHUNK) === true));
    expect(there).toEqual([...Array(2 * (80 - TAIL_NUMBERS)).fill(false), ...Array(2 * TAIL_NUMBERS).fill(true)]);
    expect(filled).toHaveLength(2 * TAIL_NUMBERS);
  });

  test("one that was away and has kept its memory gets what it has not heard of", async () => {
    const { cache, servers, filled, elapsed } = twoZones();
    const job = warmUp(cache.nodes, world.catalog);
    await run(job);
    for (const name of ["b1", "b2"]) servers[name]!.isUp = false;
    expect(await run(job)).toEqual({ warmed: 0, bytes: 0 });
    const keys = await published(cache, 3);
    for (const name of ["b1", "b2"]) servers[name]!.isUp = true;
    elapsed.ms += 1000;
    const got = { warmed: 0, bytes: 0 };
    while (got.warmed < 2) {
      // They are tried beside it, and found to be back sooner or later.
      const { warmed, bytes } = await run(job);
      got.warmed += warmed!;
      got.bytes += bytes!;
    }
    expect(got).toEqual({ warmed: 2, bytes: keys.length * (CHUNK.length + FRAME_BYTES) });
    expect(filled).toHaveLength(keys.length);
    expect(await run(job)).toEqual({ warmed: 0, bytes: 0 });
  });

  test("one that does not answer for a chunk, or does not keep the mark, is not counted, and is taken up again", async () => {
    const { cache, servers, filled } = twoZones();
    // So many that some belong to each server.
    const keys = await published(cache, 16);
    const job = warmUp(cache.nodes, world.catalog);
    expect(await run(job)).toMatchObject({ warmed: 4 });
    const [b1, b2] = [servers.b1!, servers.b2!];
    [b1.is, b2.is] = [memory(), memory()];
    const asked: string[] = [];
    // Of the chunk that it is asked for first it says nothing.
    b1.silentFor = (key) => {
      if (key.endsWith("/0")) asked.push(key);
      return key === asked[0];
    };
    b2.keepsMarks = false;
    expect(await run(job)).toMatchObject({ warmed: 0 });
    expect(filled.length).toBeLessThan(keys.length);
    b2.keepsMarks = true;
    expect(await run(job)).toEqual({ warmed: 1, bytes: 0 });
    b1.silentFor = () => false;
    expect(await run(job)).toEqual({ warmed: 1, bytes: CHUNK.length + FRAME_BYTES });
    expect(filled).toHaveLength(keys.length);
    expect(await run(job)).toEqual({ warmed: 0, bytes: 0 });
  });

  test("one that is slow does not make a run late, and is not warm", async () => {
    const { cache, servers } = twoZones();
    await published(cache, 1);
    const answer = Promise.withResolvers<void>();
    const slow = cache.nodes.map((node) => ({
      ...node,
      warm: async (key: string) => {
        if (node.address === "b1") await answer.promise;
        return node.warm(key);
      },
    }));
    const job = warmUp(slow, world.catalog);
    expect(await run(job)).toEqual({ warmed: 0, bytes: 0 });
    expect(await servers.a1!.is.has("warm/a1")).toBe(false);
    answer.resolve();
    expect(await run(job)).toEqual({ warmed: 4, bytes: 0 });
  });
});

describe("audit", () => {
  const job = () => auditOf(world.stores.kv);

  test("counts streams whose newest segment lacks bytes, and says which", async () => {
    const [derby, other] = [await world.event("derby"), await world.event("other")];
    await world.publish(derby, "720p", 1);
    await world.publish(derby, "audio", 1);
    await world.publish(other, "720p", 1);
    expect(await run(job())).toEqual({ streams: 3, inconsistent: 0 });
    await world.loseBytes("1h", await world.publish(derby, "720p", 2));
    expect(await run(job())).toEqual({ streams: 3, inconsistent: 1 });
    expect(world.inconsistencies.value()).toBe(1);
    expect(world.log.at(-1)).toMatchObject({ level: "error", event: "derby", rendition: "720p", number: 2 });
    await world.publish(derby, "720p", 3);
    expect(await run(job())).toEqual({ streams: 3, inconsistent: 0 });
    expect(world.inconsistencies.value()).toBe(0);
  });

  test("does not take media for lost that expires, was evicted, or belongs to an ended event", async () => {
    const [old, ended, evicted] = [await world.event("old"), await world.event("ended"), await world.event("evicted")];
    for (const event of [old, ended]) await world.loseBytes("1h", await world.publish(event, "720p", 1));
    await world.events.end("ended", 1);
    world.clock.advance(51 * MINUTE_MS);
    await world.publish(evicted, "720p", 1);
    const kv = Object.create(world.stores.kv, {
      readChunk: {
        value: async () => void (await eviction(world.stores.local!, 1).run(0, new AbortController().signal)),
      },
    });
    expect(await run(auditOf(kv))).toEqual({ streams: 1, inconsistent: 0 });
  });

  test("stops when it is told to", async () => {
    await world.publish(await world.event("derby"), "720p", 1);
    await expect(job().run(world.clock.nowMs(), AbortSignal.abort(new Error("late")))).rejects.toThrow("late");
  });
});

describe("event-end", () => {
  test("reports an event once its last number is past its retry deadline, with what it lacks, once", async () => {
    const event = await world.event("derby", { startNumber: 0, timeline: "fixed", startTimeMs: world.clock.nowMs() });
    const job = eventEnd(world.catalog, world.logger);
    await world.publish(event, "720p", 9);
    await world.publish(event, "audio", 8);
    await world.events.end("derby", 9);
    const closesAtMs = world.clock.nowMs() + 20_000 + 500 + 6000;
    world.clock.set(closesAtMs - 1);
    expect(await run(job)).toEqual({ closed: 0, incomplete: 0 });
    world.clock.set(closesAtMs);
    expect(await run(job)).toEqual({ closed: 1, incomplete: 1 });
    expect(world.log.at(-1)).toMatchObject({ event: "derby", lastNumber: 9, lacking: ["audio"] });
    expect(await run(job)).toEqual({ closed: 0, incomplete: 0 });
  });

  test("says nothing of events that go on, were deleted, or closed long ago", async () => {
    await world.event("on");
    await world.event("empty");
    await world.events.end("empty", -1);
    expect(await run(eventEnd(world.catalog, world.logger))).toEqual({ closed: 1, incomplete: 0 });
    world.clock.advance(HOUR_MS);
    expect(await run(eventEnd(world.catalog, world.logger))).toEqual({ closed: 0, incomplete: 0 });
  });
});

describe("running jobs", () => {
  const counted: string[] = [];
  let runner: JobRunner;
  beforeEach(() => {
    counted.length = 0;
    const total = { inc: ({ job, result }: { job: string; result: string }) => void counted.push(`${job} ${result}`) };
    runner = new JobRunner({ nowMs: () => world.clock.nowMs(), logger: world.logger, total });
  });
  const jobOf = (work: Job["run"], change: Partial<Job> = {}): Job => ({
    ...{ name: "work", everyMs: 1, firstAfterMs: 0, deadlineMs: 20 },
    run: work,
    ...change,
  });

  test("counts and logs success and failure, and never throws", async () => {
    expect(await runner.run(jobOf(async () => ({ files: 3 })))).toBe("done");
    expect(world.log.at(-1)).toMatchObject({ level: "info", job: "work", files: 3 });
    expect(await runner.run(jobOf(() => Promise.reject(new Error("no disk"))))).toBe("failed");
    expect(world.log.at(-1)).toMatchObject({ level: "error", job: "work", err: { message: "no disk" } });
    expect(counted).toEqual(["work done", "work failed"]);
  });

  test("gives a run up at its deadline, and begins none beside it", async () => {
    const end = Promise.withResolvers<Record<string, number>>();
    const stuck = jobOf(() => end.promise);
    expect(await runner.run(stuck)).toBe("late");
    expect(await runner.run(stuck)).toBe("skipped");
    expect(await runner.run(jobOf(async () => ({}), { name: "other" }))).toBe("done");
    end.resolve({});
    await delay(0);
    expect(await runner.run(jobOf(async () => ({})))).toBe("done");
  });

  test("ends what runs when it is closed", async () => {
    const waiting = runner.run(
      jobOf(
        (_nowMs, signal) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
        {
          deadlineMs: 60_000,
        },
      ),
    );
    await runner.close();
    expect(await waiting).toBe("late");
    expect(await runner.run(jobOf(async () => ({})))).toBe("skipped");
  });

  test("timers call again and again, after failures too, until they are closed", async () => {
    let runs = 0;
    const third = Promise.withResolvers<void>();
    const work = jobOf(async () => {
      runs += 1;
      if (runs === 1) throw new Error("the first fails");
      if (runs === 3) third.resolve();
      return {};
    });
    const timers = timerScheduler([work], runner);
    await third.promise;
    await timers.close();
    const after = runs;
    await delay(20);
    expect(runs).toBeLessThanOrEqual(after + 1);
    expect(counted.slice(0, 3)).toEqual(["work failed", "work done", "work done"]);
  });
});
