import { setImmediate } from "node:timers/promises";
import type { EventRecord } from "@headwater/segment-store/model";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { ask, type Reply } from "./support/client.ts";
import { T0, World } from "./support/world.ts";

const NEWEST = 30;
let world: World;
let event: EventRecord;
let letGo: () => void;

beforeEach(async () => {
  world = new World();
  event = await world.liveEvent(NEWEST, { dvrWindowMs: 3_600_000 });
});
afterEach(async () => {
  letGo?.();
  await world.close();
});

const get = (number: number, method = "GET"): Promise<Reply> =>
  ask(world.port, method, `/live/derby/v1/720p/${number}.m4s`);
const statusOf = async (number: number): Promise<number> => (await get(number)).status;
const sum = async (name: string, labels: Record<string, string> = {}): Promise<number> =>
  (await world.counted(name))
    .filter((one) => Object.entries(labels).every(([label, value]) => one.labels[label] === value))
    .reduce((total, { value }) => total + value, 0);
const level = (name: string) => sum(`headwater_admission_${name}`, { tier: "store" });

/** From now on no read of a chunk ends before `letGo`. */
function holdChunks(): void {
  const { promise, resolve } = Promise.withResolvers<void>();
  world.beforeChunk = () => promise;
  letGo = () => {
    world.beforeChunk = undefined;
    resolve();
  };
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await setImmediate();
}

describe("DVR reads while the store does not answer", () => {
  test("one read for a hundred clients, no more than fit, and the rest shed while everything cached is served", async () => {
    await world.startOrigin({ HEADWATER_STORE_READS_IN_FLIGHT: "4" });
    // In memory: the newest, and a DVR number.
    expect([await statusOf(NEWEST), await statusOf(5)]).toEqual([200, 200]);
    holdChunks();
    world.chunkReads = 0;

    const same = Array.from({ length: 100 }, () => get(10));
    await until(() => world.chunkReads === 1);
    const others = [11, 12, 13].map((number) => get(number));
    await until(() => world.chunkReads === 4);
    const shed = await get(14);
    expect(shed.status).toBe(503);
    expect(shed.headers).toMatchObject({ "retry-after": "5", "headwater-max-age-ms": "5000" });
    expect((await get(15, "HEAD")).status).toBe(503);
    expect([await statusOf(NEWEST), await statusOf(5)]).toEqual([200, 200]);
    expect(world.chunkReads).toBe(4);
    expect([await level("in_flight"), await level("waiting")]).toEqual([4, 0]);

    // The live edge waits for a place, before any DVR read.
    const live = get(NEWEST - 1);
    await until(async () => (await level("waiting")) === 1);
    expect(await statusOf(16)).toBe(503);
    letGo();
    expect((await live).status).toBe(200);
    const answers = await Promise.all([...same, ...others]);
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    expect(world.chunkReads).toBe(5);
    expect(await sum("headwater_shed_total", { class: "dvr" })).toBe(3);
    expect(await sum("headwater_origin_requests_total", { decision: "shed" })).toBe(3);
    expect(await sum("headwater_storage_reads_total", { tier: "store" })).toBe(7);
  });

  test("a shed object is refused for 5 s without a try, also once there is room, and then served", async () => {
    await world.startOrigin({ HEADWATER_STORE_READS_IN_FLIGHT: "1" });
    holdChunks();
    const first = get(10);
    await until(() => world.chunkReads === 1);
    expect(await statusOf(11)).toBe(503);
    letGo();
    expect((await first).status).toBe(200);
    world.clock.advance(3200);
    const again = await get(11);
    expect(again.status).toBe(503);
    expect(again.headers).toMatchObject({
      "retry-after": "5",
      "headwater-max-age-ms": "1800",
      "cache-control": "public, max-age=1, s-maxage=1, stale-while-revalidate=0",
    });
    expect(await statusOf(12)).toBe(200);
    world.clock.advance(1800);
    expect(await statusOf(11)).toBe(200);
    expect(world.chunkReads).toBe(3);
  });

  test("one that the store has failed is not tried again for 5 s; the live edge is", async () => {
    await world.startOrigin();
    await statusOf(NEWEST);
    world.isStoreDown = true;
    world.chunkReads = 0;
    const failed = await get(10);
    expect([failed.status, failed.headers["retry-after"]]).toEqual([503, "1"]);
    world.clock.advance(1000);
    const again = await get(10);
    expect([again.status, again.headers["headwater-max-age-ms"]]).toEqual([503, "4000"]);
    expect(world.chunkReads).toBe(1);
    for (let i = 0; i < 3; i += 1) expect(await statusOf(NEWEST - 1)).toBe(503);
    expect(world.chunkReads).toBe(4);
  });

  test("the limit falls while the store fails, and is back within 10 s of its return, by itself", async () => {
    await world.startOrigin({ HEADWATER_STORE_READS_IN_FLIGHT: "16" });
    await statusOf(NEWEST);
    world.isStoreDown = true;
    for (let number = 1; number <= 6; number += 1) {
      world.clock.advance(150);
      expect(await statusOf(number)).toBe(503);
    }
    expect(await level("limit")).toBe(1);
    world.isStoreDown = false;
    const backMs = world.clock.nowMs();
    for (let number = 7; (await level("limit")) < 16; number += 1) {
      world.clock.advance(150);
      expect(await statusOf(number)).toBe(200);
    }
    world.clock.set(backMs + 10_000);
    for (const number of [1, 2, 3, 4, 5, 6]) expect(await statusOf(number)).toBe(200);
  });
});

describe("DVR reads a second", () => {
  test("are no more than the setting, with a quarter of a second's worth at once", async () => {
    await world.startOrigin({ HEADWATER_DVR_READS_PER_SECOND: "8" });
    const served = async (numbers: readonly number[]) => {
      const answers = await Promise.all(numbers.map(statusOf));
      return answers.filter((status) => status === 200).length;
    };
    expect(await served([1, 2, 3, 4, 5, 6])).toBe(2);
    world.clock.advance(125);
    expect(await served([7, 8, 9])).toBe(1);
    // What was shed before does not count again, and what is in memory does not count at all.
    world.clock.advance(125);
    expect(await served([1, 2, 3, 4, 5, 6, 7, 8, 9])).toBe(3);
    expect(await served([10, 11])).toBe(1);
    expect(world.chunkReads).toBe(4);
  });

  test("are shared by the edges that ask", async () => {
    const tokens = { east: "0123456789abcdef0123", west: "fedcba98765432100123" };
    const setting = Object.entries(tokens).map(([name, token]) => `${name}:${token}`);
    await world.startOrigin({ HEADWATER_CDN_TOKENS: setting.join(","), HEADWATER_DVR_READS_PER_SECOND: "16" });
    const by = async (edge: keyof typeof tokens, number: number) => {
      const headers = { Authorization: `Bearer ${tokens[edge]}` };
      return (await ask(world.port, "GET", `/live/derby/v1/720p/${number}.m4s`, headers)).status;
    };
    await by("east", NEWEST);
    expect(await by("east", 1)).toBe(200);
    world.clock.advance(1000);
    expect([await by("west", 2), await by("east", 3)]).toEqual([200, 200]);
    // The bucket of four holds two more: one for each.
    expect([await by("east", 4), await by("east", 5)]).toEqual([200, 503]);
    expect(await by("west", 6)).toBe(200);
  });
});

test("a rewind over numbers that have left memory costs one read of rows for 32 of them, and a late copy is seen", async () => {
  for (let number = NEWEST + 1; number <= 200; number += 1) {
    if (number !== 100) await world.publish({ event, number, stampMs: T0 + number * 2000 });
  }
  world.clock.set(T0 + 200 * 2000 + 500);
  await world.startOrigin({ HEADWATER_DVR_READS_PER_SECOND: "400" });
  expect(await statusOf(200)).toBe(200);
  world.kvCalls = 0;
  const numbers = Array.from({ length: 32 }, (_, i) => 96 + i);
  const statuses = await Promise.all(numbers.map(statusOf));
  expect(statuses.filter((status) => status === 200)).toHaveLength(31);
  expect(statuses[4]).toBe(410);
  // 31 objects, and their rows.
  expect(world.kvCalls).toBe(32);
  expect(await sum("headwater_storage_reads_total", { tier: "store", cause: "rows" })).toBe(1);
  await world.publish({ event, number: 100, stampMs: world.clock.nowMs() });
  expect(await statusOf(100)).toBe(200);
  expect(await sum("headwater_storage_reads_total", { tier: "store", cause: "rows" })).toBe(1);
});

test("nobody waits for old rows only to be shed then: who finds no room is shed before, and one object takes one place", async () => {
  for (let number = NEWEST + 1; number <= 200; number += 1) {
    await world.publish({ event, number, stampMs: T0 + number * 2000 });
  }
  world.clock.set(T0 + 200 * 2000 + 500);
  await world.startOrigin({ HEADWATER_STORE_READS_IN_FLIGHT: "3" });
  expect(await statusOf(200)).toBe(200);
  const rows = Promise.withResolvers<void>();
  let reads = 0;
  world.beforeOldRows = () => {
    reads += 1;
    return rows.promise;
  };
  const same = Array.from({ length: 50 }, () => statusOf(96));
  await until(async () => (await level("in_flight")) === 1 && reads === 1);
  // One read under way and one place promised leave one.
  const another = statusOf(97);
  await until(async () => (await sum("headwater_requests_in_flight")) === same.length + 1);
  expect(await Promise.all([98, 99, 100, 64].map(statusOf))).toEqual([503, 503, 503, 503]);
  rows.resolve();
  expect(new Set(await Promise.all([...same, another]))).toEqual(new Set([200]));
  expect(reads).toBe(1);
  // All is given back.
  expect(await Promise.all([101, 102, 103].map(statusOf))).toEqual([200, 200, 200]);
});

test("a drill makes every read of the store late", async () => {
  await world.startOrigin({ HEADWATER_STORE_READ_DELAY_MS: "40" });
  await statusOf(NEWEST);
  const begunMs = performance.now();
  expect(await statusOf(10)).toBe(200);
  expect(performance.now() - begunMs).toBeGreaterThan(35);
});
