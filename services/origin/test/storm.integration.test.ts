import { Agent, request } from "node:http";
import type { Kv } from "@headwater/kv";
import { EVENTS_ID } from "@headwater/segment-store/model";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { seededRandom } from "../../../load-tests/faults/traffic/random.ts";
import { stormPath } from "../../../load-tests/proof/harness/storm.ts";
import { ask } from "./support/client.ts";
import { T0, World } from "./support/world.ts";

const REQUESTS = 2000;
const GUSTS = 4;
const AT_ONCE = 16;
const FIRST = 11;
const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
const world = new World();
beforeAll(() => world.openEvents());
afterAll(async () => {
  agent.destroy();
  await world.close();
});

test("2000 names and numbers that nobody published cost no call to the store, while an event goes on", async () => {
  const event = await world.createEvent({ startNumber: FIRST });
  let number = FIRST;
  const publish = async () => {
    world.clock.set(T0 + (number - FIRST + 1) * 2000);
    await world.publish({ event, number });
  };
  await publish();
  await world.startOrigin();
  const live = async () => (await ask(world.port, "GET", `/live/derby/v1/720p/${number}.m4s`)).status;
  expect(await live()).toBe(200);

  const target = { event: "derby", rendition: "720p", first: FIRST, ahead: () => number + 4 };
  const random = seededRandom("storm");
  let found = 0;
  const storm = async (requests: number) => {
    let left = requests;
    const viewer = async () => {
      while (left-- > 0) if ((await statusOf(stormPath(target, random))) !== 404) found += 1;
    };
    await Promise.all(Array.from({ length: AT_ONCE }, viewer));
  };

  const calls = callsOf(world.kv);
  for (let gust = 0; gust < GUSTS; gust += 1) {
    await storm(REQUESTS / GUSTS);
    expect(calls.splice(0)).toEqual([]);
    number += 1;
    await publish();
    expect(await live()).toBe(200);
    expect(calls.splice(0)).toEqual(["a chunk"]);
  }
  expect(found).toBe(0);
  const counted = (await world.counted("headwater_origin_requests_total")).filter(({ value }) => value > 0);
  const labels = counted.map((one) => one.labels.decision);
  expect(labels.filter((decision) => !/^[a-z-]+$/.test(`${decision}`))).toEqual([]);
  expect(labels.length).toBeLessThan(12);
});

/** The reads of the store from now on, but for the list of events and masks, which every process reads by the clock. */
function callsOf(kv: Kv): string[] {
  const calls: string[] = [];
  const { range, readChunk } = kv;
  Object.assign(kv, {
    range: (...args: Parameters<Kv["range"]>) => {
      if (args[1] !== EVENTS_ID && !args[1].endsWith("/masks")) calls.push(`rows of ${args[1]}`);
      return range.apply(kv, args);
    },
    readChunk: (...args: Parameters<Kv["readChunk"]>) => {
      calls.push("a chunk");
      return readChunk.apply(kv, args);
    },
  });
  return calls;
}

function statusOf(path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const req = request({ port: world.port, path, agent }, (res) => {
      res
        .on("error", reject)
        .on("end", () => resolve(res.statusCode!))
        .resume();
    });
    req.on("error", reject).end();
  });
}
