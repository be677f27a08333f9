import type { EventRecord } from "@headwater/segment-store/model";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { ask, type Reply } from "./support/client.ts";
import { settle } from "./support/manual-time.ts";
import { T0, World } from "./support/world.ts";

// Numbers 1 to 20 are there, each at its moment; 21 is due in 1.5 s.
let world: World;
let event: EventRecord;

beforeEach(async () => {
  world = new World();
  await world.openEvents();
  event = await world.createEvent();
  for (let number = 1; number <= 20; number += 1) {
    await world.publish({ event, number, stampMs: T0 + number * 2000 + 500 });
  }
  world.clock.set(T0 + 41_000);
  await world.startOrigin();
});
afterEach(() => world.close());

const list = (query = "", method = "GET") => ask(world.port, method, `/live/derby/720p/index.m3u8${query}`);
const lastOf = ({ body }: Reply) => Number([...body.toString().matchAll(/\/(\d+)\.m4s$/gm)].at(-1)?.[1]);
const maxAgeOf = ({ status, headers }: Reply) => [status, Number(headers["headwater-max-age-ms"])];

async function hold(msn: number, count = 1): Promise<Promise<Reply>[]> {
  const asked = Array.from({ length: count }, () => list(`?_HLS_msn=${msn}`));
  await world.held(count);
  return asked;
}

describe("a blocking reload", () => {
  test("is answered with the list that has the number, the same for all, and kept as the plain list", async () => {
    const asked = await hold(21, 50);
    world.clock.advance(1000);
    await world.publish({ event, number: 21 });
    const replies = await Promise.all(asked);
    const plain = await list();
    expect(replies.map(lastOf)).toEqual(Array(50).fill(21));
    for (const reply of replies) {
      expect(reply.body).toEqual(plain.body);
      expect(maxAgeOf(reply)).toEqual(maxAgeOf(plain));
    }
  });

  test("for the number after the next waits for that", async () => {
    const [asked] = await hold(22);
    await world.publish({ event, number: 21 });
    await settle();
    await world.held(1);
    await world.publish({ event, number: 22 });
    expect(lastOf(await asked!)).toBe(22);
  });

  test("waits for a hole to be filled, or to become a gap", async () => {
    world.clock.advance(2000);
    await world.publish({ event, number: 22 });
    const [asked] = await hold(21);
    await world.clock.pass(5500);
    const reply = await asked!;
    expect(lastOf(reply)).toBe(22);
    expect(reply.body.toString()).toMatch(/#EXT-X-GAP\n(?:#.*\n)*\.\.\/v1\/720p\/21\.m4s/);
  });

  test("of more than two numbers beyond the list is refused", async () => {
    const refused = await list("?_HLS_msn=23");
    expect(maxAgeOf(refused)).toEqual([400, 0]);
    expect(refused.headers["cache-control"]).toBe("max-age=0, no-store");
  });

  test("ends with 503 after three target durations, never with an unchanged list", async () => {
    const asked = await hold(21, 5);
    await world.clock.pass(5999);
    await world.held(5);
    await world.clock.pass(1);
    for (const reply of await Promise.all(asked)) {
      expect(maxAgeOf(reply)).toEqual([503, 1000]);
      expect(reply.headers["retry-after"]).toBe("1");
    }
  });

  test("ends with the event: the list is complete", async () => {
    const [asked] = await hold(21);
    await world.events.end("derby", 20);
    expect((await asked!).body.toString()).toMatch(/#EXT-X-ENDLIST\n$/);
  });

  test("is found out within 500 ms without notices", async () => {
    const [asked] = await hold(21);
    world.notices.cut();
    await world.clock.pass(400);
    await world.publish({ event, number: 21 });
    await world.clock.pass(500);
    expect(lastOf(await asked!)).toBe(21);
  });

  test("is refused by a draining process, and does not block HEAD", async () => {
    const [asked] = await hold(21);
    expect((await list("?_HLS_msn=21", "HEAD")).status).toBe(200);
    world.draining.abort();
    expect(maxAgeOf(await list("?_HLS_msn=21"))).toEqual([503, 1000]);
    expect((await list()).status).toBe(200);
    await world.publish({ event, number: 21 });
    expect(lastOf(await asked!)).toBe(21);
  });
});

describe("a media playlist", () => {
  test("offers blocking and delta updates while it grows", async () => {
    const offer = "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=12";
    for (const query of ["", "?window=10", "?from=1"]) expect((await list(query)).body.toString()).toContain(offer);
    expect((await list("?from=1&to=10")).body.toString()).not.toContain("SERVER-CONTROL");
    await world.events.end("derby", 20);
    expect((await list()).body.toString()).not.toContain("SERVER-CONTROL");
  });

  test("as a delta update leaves out what is older than six target durations", async () => {
    const delta = (await list("?_HLS_skip=YES")).body.toString();
    expect(delta).toContain("#EXT-X-VERSION:9");
    expect(delta).toContain("#EXT-X-MEDIA-SEQUENCE:1\n");
    expect(delta).toContain("#EXT-X-SKIP:SKIPPED-SEGMENTS=14\n");
    expect(delta.match(/m4s$/gm)).toHaveLength(6);
    expect((await list("?from=1&to=31&_HLS_skip=YES")).body.toString()).not.toContain("EXT-X-SKIP");
    expect((await list("?window=10&_HLS_skip=YES")).body.toString()).not.toContain("EXT-X-SKIP");
  });

  test("is EVENT once the last number is known, where it loses none before that is in", async () => {
    const type = async (query: string) => /EXT-X-PLAYLIST-TYPE:(\w+)/.exec((await list(query)).body.toString())?.[1];
    expect(await type("?from=1")).toBeUndefined();
    // The window is of 60 s, and a last number is waited for until 6.5 s after its end.
    await world.events.end("derby", 26);
    expect([await type("?from=1"), await type("?window=60")]).toEqual(["EVENT", "EVENT"]);
    expect([await type("?from=1&to=31"), await type("?window=50")]).toEqual([undefined, undefined]);
  });

  test("is no EVENT where it will lose a number before the last is in", async () => {
    const type = async (query: string) => /EXT-X-PLAYLIST-TYPE:(\w+)/.exec((await list(query)).body.toString())?.[1];
    await world.events.end("derby", 27);
    expect([await type("?from=1"), await type("?window=60")]).toEqual([undefined, undefined]);
  });

  test("is VOD when it is whole, after the end", async () => {
    const type = async (query: string) => /EXT-X-PLAYLIST-TYPE:(\w+)/.exec((await list(query)).body.toString())?.[1];
    expect(await type("?window=60")).toBeUndefined();
    await world.events.end("derby", 20);
    expect([await type("?window=60"), await type("?window=10")]).toEqual(["VOD", undefined, undefined]);
    world.clock.set(T0 + 70_000);
    expect(await type("?window=600")).toBeUndefined();
  });
});
