import type { EventRecord } from "@headwater/segment-store/model";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { ask, raw } from "./support/client.ts";
import { T0, World } from "./support/world.ts";

let world: World;
let event: EventRecord;

beforeEach(async () => {
  world = new World();
  await world.openEvents();
  event = await world.createEvent();
  world.clock.set(T0 + 2500);
  await world.publish({ event, number: 1 });
});
afterEach(() => world.close());

describe("what the grammar, the directory or the template rules out", () => {
  const get = (target: string) => `GET ${target} HTTP/1.1\r\nHost: origin\r\nConnection: close\r\n\r\n`;
  const hostile: readonly (readonly [string, string, number])[] = [
    ["dot segments", get("/live/derby/../derby/v1/720p/1.m4s"), 404],
    ["dot segments up to the root", get("/live/../../../../etc/passwd"), 404],
    ["encoded dots", get("/live/%2e%2e/v1/720p/1.m4s"), 404],
    ["an encoded slash", get("/live/derby/v1%2f720p/1.m4s"), 404],
    ["an encoded zero byte", get("/live/derby/v1/720p/1.m4s%00"), 404],
    ["an empty segment", get("/live//derby/v1/720p/1.m4s"), 404],
    ["two slashes in front", get("//live/derby/v1/720p/1.m4s"), 404],
    ["8 kB of path", get(`/live/derby/v1/720p/${"1".repeat(8000)}.m4s`), 404],
    ["the absolute form", get("http://elsewhere/live/derby/v1/720p/1.m4s"), 404],
    ["no path", get("*"), 404],
    ["a backslash", get("/live\\derby/v1/720p/1.m4s"), 404],
    ["an unknown event", get("/live/nobody/v1/720p/1.m4s"), 404],
    ["a zero byte", get("/live/derby/v1/720p/1.m4s\0"), 400],
    ["a method in lower case", get("/").replace("GET", "get"), 400],
    ["no HTTP at all", "\x16\x03\x01\x02\x00\r\n\r\n", 400],
    ["20 kB of head", get(`/?${"q".repeat(20_000)}`), 431],
  ];

  test.each(hostile)("%s", async (_, bytes, status) => {
    await world.startOrigin();
    world.kvCalls = 0;
    const answer = await raw(world.port, bytes);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer).toMatch(/\r\nCache-Control: /i);
    expect(world.kvCalls).toBe(0);
  });

  test("costs no read once the event is known", async () => {
    await world.startOrigin();
    expect((await ask(world.port, "GET", "/live/derby/v1/720p/1.m4s")).status).toBe(200);
    world.kvCalls = 0;
    const paths = ["v1/720p/0.m4s", "v1/720p/9.m4s", "v1/720p/2.m4s", "v1/4k/1.m4s", "v7/720p/1.m4s", "v1/720p/1.ts"];
    for (const path of [...paths, "v1/720p/999999999999999.m4s", "v1/720p/init-abc.mp4", "720p/index.m3u8"]) {
      await ask(world.port, "HEAD", `/live/derby/${path}`);
    }
    expect(world.kvCalls).toBe(0);
  });
});

describe("a store that fails", () => {
  test("503 for what is in no cache, 200 for what is in memory, and at once again when it is back", async () => {
    await world.publish({ event, number: 2 });
    await world.startOrigin();
    expect((await ask(world.port, "GET", "/live/derby/v1/720p/1.m4s")).status).toBe(200);
    world.isStoreDown = true;
    const failed = await ask(world.port, "GET", "/live/derby/v1/720p/2.m4s");
    expect(failed.status).toBe(503);
    expect(failed.headers).toMatchObject({
      "retry-after": "1",
      "headwater-max-age-ms": "1000",
      "cache-control": "public, max-age=1, s-maxage=1, stale-while-revalidate=0",
      "headwater-event-version": "1",
      "access-control-allow-origin": "*",
    });
    expect((await ask(world.port, "GET", "/live/derby/v1/720p/1.m4s")).status).toBe(200);
    expect((await ask(world.port, "GET", "/live/derby/720p/index.m3u8")).status).toBe(200);
    world.isStoreDown = false;
    expect((await ask(world.port, "GET", "/live/derby/v1/720p/2.m4s")).status).toBe(200);
  });

  test("from the first request on, with nothing in memory", async () => {
    await world.startOrigin();
    world.isStoreDown = true;
    for (const path of ["v1/720p/1.m4s", "720p/index.m3u8", "master.m3u8", "v1/720p/init.mp4"]) {
      expect((await ask(world.port, "GET", `/live/derby/${path}`)).status).toBe(503);
    }
    expect((await ask(world.port, "GET", "/live/nobody/master.m3u8")).status).toBe(404);
  });

  test("shows in headwater_control_stale until the events can be read again; the origin stays ready", async () => {
    await world.startOrigin();
    const stale = async () => (await world.counted("headwater_control_stale"))[0]?.value;
    world.isStoreDown = true;
    world.clock.advance(1000);
    await until(async () => (await stale()) === 1);
    expect(world.origin.notReady()).toEqual([]);
    world.isStoreDown = false;
    await until(async () => (await stale()) === 0);
  });
});

describe("news", () => {
  test("a number is served as soon as its notice is here", async () => {
    await world.startOrigin();
    expect((await ask(world.port, "HEAD", "/live/derby/v1/720p/2.m4s")).status).toBe(404);
    world.clock.advance(2000);
    await world.publish({ event, number: 2 });
    const { status, headers } = await ask(world.port, "GET", "/live/derby/v1/720p/2.m4s");
    expect(status).toBe(200);
    expect(headers["cache-status"]).toBe("headwater; fwd=miss; detail=store");
    const counted = await world.counted("headwater_storage_reads_total");
    expect(counted.filter(({ value }) => value > 0)).toMatchObject([
      { labels: { tier: "store", cause: "segment" }, value: 1 },
    ]);
  });

  test("a new version turns every URL over, a deleted event is unknown", async () => {
    await world.startOrigin();
    expect((await ask(world.port, "GET", "/live/derby/v2/720p/1.m4s")).status).toBe(404);
    await world.events.nextVersion("derby");
    expect((await ask(world.port, "GET", "/live/derby/v2/720p/1.m4s")).status).toBe(200);
    expect((await ask(world.port, "GET", "/live/derby/720p/index.m3u8")).body.toString()).toContain("../v2/720p/1.m4s");
    await world.events.delete("derby");
    const gone = await ask(world.port, "GET", "/live/derby/v2/720p/1.m4s");
    expect([gone.status, gone.headers["headwater-max-age-ms"]]).toEqual([404, "5000"]);
  });
});

test("with CDN tokens only their bearers may read", async () => {
  await world.startOrigin({ HEADWATER_CDN_TOKENS: "edge:0123456789abcdef0123,spare:fedcba98765432100123" });
  const url = "/live/derby/v1/720p/1.m4s";
  const statusOf = async (headers?: Record<string, string>) => (await ask(world.port, "GET", url, headers)).status;
  const refused = await ask(world.port, "GET", url);
  expect(refused.status).toBe(401);
  expect(refused.headers).toMatchObject({ "www-authenticate": "Bearer", "cache-control": "max-age=0, no-store" });
  expect(await statusOf({ Authorization: "Bearer wrong" })).toBe(401);
  expect(await statusOf({ Authorization: "Basic 0123456789abcdef0123" })).toBe(401);
  expect(await statusOf({ Authorization: "Bearer 0123456789abcdef0123" })).toBe(200);
  expect(await statusOf({ Authorization: "bearer fedcba98765432100123" })).toBe(200);
  expect((await ask(world.port, "GET", "/nothing")).status).toBe(401);
  expect((await ask(world.port, "OPTIONS", url)).status).toBe(204);
});

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 3000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error("waited in vain");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
