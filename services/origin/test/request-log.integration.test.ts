import { setImmediate } from "node:timers/promises";
import type { EventRecord } from "@headwater/segment-store/model";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { ask } from "./support/client.ts";
import { World } from "./support/world.ts";

const NEWEST = 20;
const TOKEN = "0123456789abcdef0123";
let world: World;
let event: EventRecord;

beforeEach(async () => {
  world = new World();
  event = await world.liveEvent(NEWEST, { dvrWindowMs: 3_600_000 });
});
afterEach(() => world.close());

const path = (number: number | string) => `/live/derby/v1/720p/${number}.m4s`;
const get = (target: string, headers: Record<string, string> = {}) => ask(world.port, "GET", target, headers);
const lines = () => world.log.filter(({ msg }) => msg === "request");

async function logged(count: number): Promise<Record<string, unknown>[]> {
  while (lines().length < count) await setImmediate();
  return lines();
}

test("at debug each request's class, decision, tier, times and outcome, and never a credential or a query", async () => {
  await world.startOrigin({ HEADWATER_LOG_LEVEL: "debug", HEADWATER_CDN_TOKENS: `acme:${TOKEN}` });
  const authorization = { Authorization: `Bearer ${TOKEN}` };
  world.beforeChunk = async () => world.clock.advance(7);
  const read = await get(path(3), authorization);
  expect(read.headers).toMatchObject({ "server-timing": "read;dur=7", "timing-allow-origin": "*" });
  const hot = await get(path(3), authorization);
  expect(hot.headers).not.toHaveProperty("server-timing");
  expect(hot.headers).not.toHaveProperty("timing-allow-origin");

  const held = get(path(NEWEST + 1), authorization);
  await world.held(1);
  world.clock.advance(300);
  await world.publish({ event, number: NEWEST + 1 });
  expect((await held).headers["server-timing"]).toMatch(/^hold;dur=300, read;dur=7$/);
  await get(`/live/derby/720p/index.m3u8?token=${TOKEN}`, authorization);
  await get(`/nothing?${TOKEN}`, authorization);
  await get(path(1));

  const all = await logged(6);
  expect(all[0]).toMatchObject({
    level: "debug",
    method: "GET",
    path: path(3),
    edge: "acme",
    class: "dvr",
    decision: "published",
    status: 200,
    tier: "store",
    holdMs: 0,
    readMs: 7,
    firstByteMs: 7,
    bytes: 14,
    outcome: "complete",
  });
  const short = all.map((line) => [line.class, line.decision, line.status, line.tier]);
  expect(short.slice(1)).toEqual([
    ["dvr", "published", 200, "memory"],
    ["live-edge", "published", 200, "store"],
    ["playlist", "playlist", 200, "memory"],
    ["refused", "outside-grammar", 404, undefined],
    ["refused", "unauthorized", 401, undefined],
  ]);
  expect(all[2]).toMatchObject({ holdMs: 300, firstByteMs: 307 });
  expect(JSON.stringify(all)).not.toContain(TOKEN);

  // Held requests are not slow ones.
  const seconds = (await world.counted("headwater_origin_seconds")).filter(({ labels }) => labels.le === "+Inf");
  expect(seconds.map(({ labels, value }) => [labels.class, value])).toEqual([
    ["dvr", 2],
    ["playlist", 1],
    ["refused", 2],
  ]);
});

test("at info the exceptional alone: failing, shed and slow, so many lines a second", async () => {
  await world.startOrigin({ HEADWATER_LOG_LEVEL: "info", HEADWATER_DVR_READS_PER_SECOND: "0" });
  for (const number of [NEWEST, "999", "nonsense"]) await get(path(number));
  world.beforeChunk = async () => world.clock.advance(1500);
  await get(path(NEWEST - 1));
  world.beforeChunk = undefined;
  world.isStoreDown = true;
  await get(path(NEWEST - 2));
  const shed = Array.from({ length: 30 }, (_, i) => get(path((i % 10) + 1)));
  await Promise.all(shed);
  while ((await world.counted("headwater_requests_in_flight"))[0]?.value !== 0) await setImmediate();
  const first = await logged(20);
  world.clock.advance(1000);
  await get(path(1));
  const all = await logged(21);
  expect(first[0]).toMatchObject({ level: "info", path: path(NEWEST - 1), status: 200, firstByteMs: 1500 });
  expect(first[1]).toMatchObject({ level: "warn", decision: "storage-failing", status: 503, err: { type: "KvError" } });
  expect(first.slice(2).every(({ level, decision }) => level === "info" && decision === "shed")).toBe(true);
  expect(all[20]).toMatchObject({ decision: "shed", suppressed: 12 });
});

test("a client that leaves before it has everything is told apart", async () => {
  await world.startOrigin({ HEADWATER_LOG_LEVEL: "debug" });
  const controller = new AbortController();
  const left = fetch(`http://127.0.0.1:${world.port}${path(NEWEST + 1)}`, { signal: controller.signal });
  await world.held(1);
  controller.abort();
  await expect(left).rejects.toThrow();
  expect((await logged(1))[0]).toMatchObject({ class: "live-edge", outcome: "client-gone" });
});
