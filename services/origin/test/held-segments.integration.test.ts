import { randomBytes } from "node:crypto";
import { request } from "node:http";
import type { EventRecord } from "@headwater/segment-store/model";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { ask, type Reply } from "./support/client.ts";
import { settle } from "./support/manual-time.ts";
import { T0, World } from "./support/world.ts";

// Number 1 has just come, 2 is due in 2 s, and would be held for 4 s.
let world: World;
let event: EventRecord;

beforeEach(async () => {
  world = new World();
  await world.openEvents();
  const pipelines = ["a", "b"].map((id) => ({ id, region: "west" }));
  event = await world.createEvent({ pipelines, renditions: ["720p", "named"] });
  world.clock.set(T0 + 2500);
  await world.publish({ event, number: 1 });
  await world.publish({ event, number: 1, pipeline: "b" });
});
afterEach(() => world.close());

const url = (number: number, version = 1) => `/live/derby/v${version}/720p/${number}.m4s`;
const get = (number = 2, version = 1) => ask(world.port, "GET", url(number, version));
const maxAgeOf = ({ status, headers }: Reply) => [status, Number(headers["headwater-max-age-ms"])];

async function hold(count = 1, path = url(2)): Promise<Promise<Reply>[]> {
  const asked = Array.from({ length: count }, () => ask(world.port, "GET", path));
  await world.held(count);
  return asked;
}

async function endsOf(): Promise<unknown[]> {
  return (await world.counted("headwater_holds_total")).map(({ labels, value }) => [labels.end, value]);
}

describe("a published segment", () => {
  test("goes to all who waited: the same bytes, read once", async () => {
    await world.startOrigin();
    const bytes = randomBytes(600_000);
    const asked = await hold(200);
    world.clock.advance(1000);
    await world.publish({ event, number: 2, bytes });
    const replies = await Promise.all(asked);
    expect(replies.filter(({ status, body }) => status === 200 && body.equals(bytes))).toHaveLength(200);
    expect(new Set(replies.map(({ headers }) => headers.etag)).size).toBe(1);
    // Computed at the answer: number 2 leaves the window 60 s after its end, 500 ms from now.
    expect(maxAgeOf(replies[0]!)).toEqual([200, 60_500]);
    const reads = await world.counted("headwater_storage_reads_total");
    expect(reads.find(({ labels }) => labels.tier === "store")?.value).toBe(2);
    expect(await endsOf()).toEqual([["published", 200]]);
    await world.held(0);
  });

  test("goes to those who stayed when a quarter has left, and the places of those are free at once", async () => {
    await world.startOrigin();
    const leaving = Array.from({ length: 50 }, () => request({ port: world.port, path: url(2), agent: false }));
    for (const req of leaving) req.on("error", () => {}).end();
    await world.held(50);
    const staying = Array.from({ length: 150 }, () => get());
    await world.held(200);
    for (const req of leaving) req.destroy();
    await world.held(150);
    const bytes = randomBytes(600_000);
    await world.publish({ event, number: 2, bytes });
    const replies = await Promise.all(staying);
    expect(replies.filter(({ status, body }) => status === 200 && body.equals(bytes))).toHaveLength(150);
    expect(new Set(replies.map(({ headers }) => headers.etag)).size).toBe(1);
    const reads = await world.counted("headwater_storage_reads_total");
    expect(reads.find(({ labels }) => labels.tier === "store")?.value).toBe(2);
    await world.held(0);
    expect(await endsOf()).toEqual(
      expect.arrayContaining([
        ["gone", 50],
        ["published", 150],
      ]),
    );
  });

  test("is found within 500 ms by one read after another while there are no notices", async () => {
    await world.startOrigin();
    const asked = await hold(20);
    world.notices.cut();
    world.kvCalls = 0;
    await world.clock.pass(1000);
    // Four times a second, the shape and the tail.
    expect(world.kvCalls).toBeLessThanOrEqual(8);
    await world.publish({ event, number: 2 });
    await world.clock.pass(500);
    expect((await Promise.all(asked)).map(({ status }) => status)).toEqual(Array(20).fill(200));
  });

  test("is looked for in the store when it is late: its notice may have been lost", async () => {
    await world.startOrigin();
    const [asked] = await hold();
    world.notices.cut();
    await world.publish({ event, number: 2 });
    world.notices.mend();
    await world.clock.pass(500);
    expect((await asked!).status).toBe(200);
  });

  test("comes late, after its successor: who waited goes on waiting", async () => {
    await world.startOrigin();
    const [asked] = await hold();
    world.clock.advance(2000);
    await world.publish({ event, number: 3 });
    await settle();
    expect(maxAgeOf(await get())).toEqual([404, 1000]);
    await world.publish({ event, number: 2 });
    expect((await asked!).status).toBe(200);
  });

  test("that is masked is not what is waited for; a copy of another pipeline is, and a new request is told", async () => {
    await world.startOrigin();
    const mask = { pipeline: "a", rendition: "720p", from: 2, to: null, by: "alice" };
    await world.masks.add(event, mask);
    const [asked, longer] = await hold(2);
    world.clock.advance(2000);
    await world.publish({ event, number: 2 });
    await settle();
    expect(maxAgeOf(await get())).toEqual([404, 1000]);
    expect(await endsOf()).toEqual([]);
    await world.publish({ event, number: 2, pipeline: "b" });
    const replies = await Promise.all([asked!, longer!, get()]);
    expect(replies.map(({ status, headers }) => [status, headers["headwater-pipeline"]])).toEqual(
      Array(3).fill([200, "b"]),
    );
  });

  test("that is masked comes when the mask is removed in time, and is a 404 at the hold's end if it is not", async () => {
    await world.startOrigin();
    const { id } = await world.masks.add(event, { pipeline: "a", from: 2, to: 3, by: "alice" });
    const [asked] = await hold();
    world.clock.advance(2000);
    await world.publish({ event, number: 2 });
    await settle();
    expect(await endsOf()).toEqual([]);
    await world.masks.remove(event, id, "alice");
    expect((await asked!).headers["headwater-pipeline"]).toBe("a");

    await world.masks.add(event, { pipeline: "a", from: 3, to: 3, by: "alice" });
    const [next] = await hold(1, url(3));
    await world.publish({ event, number: 3 });
    await world.clock.pass(4000);
    expect(maxAgeOf(await next!)).toEqual([404, 1000]);
  });

  test("by an older version is kept for 5 s", async () => {
    await world.startOrigin();
    const [asked] = await hold();
    await world.events.nextVersion("derby");
    await settle();
    world.clock.advance(2000);
    await world.publish({ event, number: 2 });
    const reply = await asked!;
    expect(maxAgeOf(reply)).toEqual([200, 5000]);
    expect(reply.headers["headwater-event-version"]).toBe("2");
  });
});

describe("without a segment a hold ends", () => {
  test("for all after 4 s, with 404 for a second", async () => {
    await world.startOrigin();
    const asked = await hold(100);
    await world.clock.pass(3999);
    await world.held(100);
    await world.clock.pass(1);
    const replies = await Promise.all(asked);
    expect(new Set(replies.map((reply) => `${maxAgeOf(reply)}`))).toEqual(new Set(["404,1000"]));
    expect(await endsOf()).toEqual([["deadline", 100]]);
  });

  test("at once when the event ends below it, or is deleted", async () => {
    await world.startOrigin();
    const [first] = await hold();
    await world.events.end("derby", 1);
    expect(maxAgeOf(await first!)).toEqual([404, 60_000]);
    const other = await world.createEvent({ id: "other" });
    await world.publish({ event: other, number: 1 });
    const [second] = await hold(1, "/live/other/v1/720p/2.m4s");
    await world.events.delete("other");
    expect(maxAgeOf(await second!)).toEqual([404, 5000]);
    expect(await endsOf()).toEqual([["ended", 2]]);
  });

  test("not when the event ends with it", async () => {
    await world.startOrigin();
    const [asked] = await hold();
    await world.events.end("derby", 2);
    await settle();
    await world.publish({ event, number: 2 });
    expect((await asked!).status).toBe(200);
  });

  test("when the rendition has stalled: nothing for three durations", async () => {
    await world.startOrigin();
    world.clock.advance(3500);
    const [asked] = await hold();
    await world.clock.pass(2500);
    await world.held(1);
    await world.clock.pass(1);
    expect(maxAgeOf(await asked!)).toEqual([404, 1000]);
    expect(await endsOf()).toEqual([["stalled", 1]]);
  });

  test("when the number is given up, with 410", async () => {
    await world.startOrigin();
    world.clock.set(T0 + 8000);
    const [asked] = await hold(1, "/live/derby/v1/named/1.m4s");
    await world.clock.pass(1000);
    expect(maxAgeOf(await asked!)).toEqual([410, 60_000]);
  });
});

describe("nobody waits", () => {
  test("by HEAD", async () => {
    await world.startOrigin();
    expect(maxAgeOf(await ask(world.port, "HEAD", url(2)))).toEqual([404, 1000]);
    expect(await endsOf()).toEqual([]);
  });

  test("beyond HEADWATER_HOLDS_MAX", async () => {
    await world.startOrigin({ HEADWATER_HOLDS_MAX: "3" });
    const asked = await hold(3);
    expect(maxAgeOf(await get())).toEqual([404, 1000]);
    await world.publish({ event, number: 2 });
    expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(await endsOf()).toEqual(
      expect.arrayContaining([
        ["refused", 1],
        ["published", 3],
      ]),
    );
  });

  test("once the process drains, except those who wait already", async () => {
    await world.startOrigin();
    const asked = await hold(10);
    world.draining.abort();
    const refused = await get();
    expect(maxAgeOf(refused)).toEqual([503, 1000]);
    expect(refused.headers["retry-after"]).toBe("1");
    expect((await get(1)).status).toBe(200);
    await world.publish({ event, number: 2 });
    expect((await Promise.all(asked)).map(({ status }) => status)).toEqual(Array(10).fill(200));
  });
});

describe("a defective copy", () => {
  const defects = ["short;ms=400"];

  test("is served when its grace is over and nothing better has come", async () => {
    await world.startOrigin();
    const [asked] = await hold();
    world.clock.set(T0 + 4400);
    await world.publish({ event, number: 2, defects });
    const [later] = [get()];
    await world.held(2);
    // Due at 4.5 s, and 200 ms of grace.
    await world.clock.pass(299);
    await world.held(2);
    await world.clock.pass(1);
    const replies = await Promise.all([asked!, later]);
    expect(replies.map(maxAgeOf)).toEqual(Array(2).fill([200, 1000]));
    expect(replies[0]!.headers["headwater-defects"]).toBe("short;ms=400");
    expect(maxAgeOf(await get())).toEqual([200, 1000]);
  });

  test("gives way to a valid one", async () => {
    await world.startOrigin();
    const [asked] = await hold();
    world.clock.set(T0 + 4400);
    await world.publish({ event, number: 2, defects });
    await settle();
    await world.publish({ event, number: 2, pipeline: "b" });
    const { headers } = await asked!;
    expect([headers["headwater-pipeline"], headers["headwater-defects"]]).toEqual(["b", undefined]);
  });

  test("is what a hold's end finds, and what HEAD and a full or draining process answer at once", async () => {
    await world.startOrigin({ HEADWATER_HOLDS_MAX: "1" });
    await world.publish({ event, number: 2, defects });
    expect(maxAgeOf(await ask(world.port, "HEAD", url(2)))).toEqual([200, 1000]);
    const [asked] = await hold();
    expect(maxAgeOf(await get())).toEqual([200, 1000]);
    world.draining.abort();
    expect(maxAgeOf(await get())).toEqual([200, 1000]);
    await world.clock.pass(4000);
    expect(maxAgeOf(await asked!)).toEqual([200, 1000]);
  });
});
