import { setTimeout as delay } from "node:timers/promises";
import { createMetrics, type Metrics, type Running } from "@headwater/service-kit";
import { startWorker } from "@headwater/worker";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { Job } from "../src/jobs/index.ts";
import { haveRedis, RedisServer } from "./support/redis-server.ts";
import { World } from "./support/worker.ts";

const EVERY_MS = 200;
const DEADLINE_MS = 12_000;

let world: World;
const started: { running: Running; metrics: Metrics }[] = [];
beforeEach(async () => {
  world = await World.open();
});
afterEach(async () => {
  for (const { running } of started.splice(0)) await running.close();
  await world.close();
});

/** A worker that shares the world's store. */
async function worker(jobs: readonly Job[] | undefined, redisUrl?: string) {
  const metrics = createMetrics("worker");
  const context = {
    settings: { ...world.settings, redisUrl },
    metrics,
    logger: world.logger,
    clock: world.clock,
    processId: "worker-test",
    draining: new AbortController().signal,
    waiting: () => {},
  };
  // The world closes its stores itself.
  const stores = { ...world.stores, close: async () => {} };
  const running = await startWorker(context, { stores, ...(jobs && { jobs }) });
  started.push({ running, metrics });
  return { running, metrics };
}

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = Date.now() + DEADLINE_MS;
  while (!(await holds())) {
    if (Date.now() > endMs) throw new Error(`${what}: not within ${DEADLINE_MS} ms`);
    await delay(20);
  }
}

const shows = async ({ metrics }: { metrics: Metrics }, line: string) =>
  (await metrics.registry.metrics()).split("\n").includes(line);

test("with the embedded store jobs run on timers, and the process is ready", async () => {
  const ran: number[] = [];
  const job: Job = {
    name: "probe",
    everyMs: 10,
    firstAfterMs: 0,
    deadlineMs: 1000,
    run: async (nowMs) => ({ at: ran.push(nowMs) }),
  };
  const one = await worker([job]);
  await until("two runs", () => ran.length >= 2);
  expect(ran[0]).toBe(world.clock.nowMs());
  expect(one.running.notReady()).toEqual([]);
  expect(await one.metrics.registry.metrics()).toMatch(/headwater_jobs_total\{job="probe",result="done"\} [1-9]/);
  expect(await shows(one, 'headwater_jobs_total{job="probe",result="late"} 0')).toBe(true);
  await one.running.close();
});

test("a worker with its own jobs starts and ends", async () => {
  const one = await worker(undefined);
  expect(await shows(one, "headwater_audit_inconsistencies 0")).toBe(true);
});

(haveRedis() ? describe : describe.skip)("with a real Redis", () => {
  let redis: RedisServer;
  beforeEach(async () => {
    redis = await RedisServer.prepared();
  });
  afterEach(async () => {
    for (const { running } of started.splice(0)) await running.close();
    await redis.stop();
  });

  const probe = (ran: string[], by: string): Job => ({
    name: "probe",
    everyMs: EVERY_MS,
    firstAfterMs: 0,
    deadlineMs: EVERY_MS - 50,
    run: async () => ({ runs: ran.push(by) }),
  });

  test("several workers share one schedule", async () => {
    redis.start();
    const ran: string[] = [];
    await Promise.all(["a", "b", "c"].map((by) => worker([probe(ran, by)], redis.url)));
    await until("the first runs", () => ran.length >= 2);
    const before = ran.length;
    await delay(EVERY_MS * 6);
    expect(ran.length - before).toBeGreaterThanOrEqual(4);
    expect(ran.length - before).toBeLessThanOrEqual(8);
  });

  test("a failing job is counted and comes again", async () => {
    redis.start();
    let runs = 0;
    const failing: Job = {
      ...probe([], ""),
      run: async () => {
        runs += 1;
        throw new Error("the disk is on fire");
      },
    };
    const one = await worker([failing], redis.url);
    await until("two runs", () => runs >= 2);
    await until("their count", async () => /result="failed"\} [2-9]/.test(await one.metrics.registry.metrics()));
  });

  test("Redis away at the start and later: nothing ends, it is told, and jobs come back, with an empty Redis too", async () => {
    const ran: string[] = [];
    const one = await worker([probe(ran, "a")], redis.url);
    await until("being degraded", () => shows(one, "headwater_jobs_degraded 1"));
    expect(one.running.notReady()).toEqual([]);
    redis.start();
    await until("the first runs", () => ran.length >= 2);
    await until("being well", () => shows(one, "headwater_jobs_degraded 0"));

    await redis.stop();
    await until("being degraded again", () => shows(one, "headwater_jobs_degraded 1"));
    expect(world.log.some(({ level, msg }) => level === "warn" && /Redis is away/.test(String(msg)))).toBe(true);
    redis.start();
    const before = ran.length;
    await until("runs after it is back", () => ran.length >= before + 2);
    await until("being well again", () => shows(one, "headwater_jobs_degraded 0"));
  }, 40_000);

  test("a worker ends within seconds while Redis is away", async () => {
    const one = await worker([probe([], "a")], redis.url);
    const beganMs = Date.now();
    await one.running.close();
    expect(Date.now() - beganMs).toBeLessThan(15_000);
  });
});
