import { STATUS_CODES } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { BOUNDARIES, type Expected } from "./boundaries.ts";
import { ROWS, SHED_ROWS } from "./rows.ts";
import { makeRowsWorld, NOW, requestOf } from "./support/rows-world.ts";
import { askWire, type WireAnswer } from "./support/wire.ts";
import { T0, World } from "./support/world.ts";

/** Sent once on every status, whatever else is. */
const ONCE = ["headwater-max-age-ms", "cache-control", "cdn-cache-control", "access-control-allow-origin", "date"];
const world = new World();
let hash: string;
beforeAll(async () => {
  hash = await makeRowsWorld(world);
});
afterAll(() => world.close());

/** The status line and every header of lifetime, to the byte: whole seconds only, at least 1. */
function expectLifetime({ statusLine, headers }: WireAnswer, status: number, maxAgeMs: number): void {
  expect(statusLine).toBe(`HTTP/1.1 ${status} ${STATUS_CODES[status]}`);
  for (const name of ONCE) expect({ [name]: headers.get(name)?.length }).toEqual({ [name]: 1 });
  expect(headers.has("")).toBe(false);
  expect(headers.has("age") || headers.has("expires") || headers.has("pragma")).toBe(false);
  const sec = Math.max(1, Math.floor(maxAgeMs / 1000));
  const noStale = [404, 410, 503].includes(status) ? ", stale-while-revalidate=0" : "";
  const kept = `public, max-age=${Math.min(60, sec)}, s-maxage=${sec}${noStale}`;
  expect(headers.get("headwater-max-age-ms")).toEqual([`${maxAgeMs}`]);
  expect(headers.get("cache-control")).toEqual([maxAgeMs === 0 ? "max-age=0, no-store" : kept]);
  expect(headers.get("cdn-cache-control")).toEqual([maxAgeMs === 0 ? "max-age=0, no-store" : `max-age=${sec}`]);
}

describe("over a raw socket", () => {
  test.each(ROWS)("$asked: $status for $maxAgeMs ms", async (row) => {
    const { path, headers } = requestOf(row, hash);
    const asked = askWire(world.port, "GET", path, headers);
    if (row.held) {
      await world.held(1);
      await world.clock.pass(4000);
    }
    const get = await asked;
    world.clock.set(NOW);
    expectLifetime(get, row.status, row.maxAgeMs);
    const lengths = row.status === 304 ? undefined : [`${get.body.length}`];
    expect(get.headers.get("content-length")).toEqual(lengths);
    expect(get.headers.has("transfer-encoding")).toBe(false);

    const head = await askWire(world.port, "HEAD", path, headers);
    expectLifetime(head, row.status, row.maxAgeMs);
    expect(head.body).toBe("");
  });

  test("the other methods", async () => {
    const path = "/live/derby/v2/720p/40.m4s";
    expectLifetime(await askWire(world.port, "OPTIONS", path), 204, 60_000);
    for (const method of ["PUT", "POST", "DELETE", "PATCH", "PURGE"])
      expectLifetime(await askWire(world.port, method, path), 405, 0);
  });
});

describe("over a raw socket, with every DVR read over the limit", () => {
  const limited = new World();
  beforeAll(() => makeRowsWorld(limited, { HEADWATER_DVR_READS_PER_SECOND: "0" }));
  afterAll(() => limited.close());

  test.each(SHED_ROWS)("$asked: $status for $maxAgeMs ms", async (row) => {
    const { path, headers } = requestOf(row, hash);
    for (const method of ["GET", "HEAD"]) {
      const answer = await askWire(limited.port, method, path, headers);
      expectLifetime(answer, row.status, row.maxAgeMs);
      if (method === "HEAD") expect(answer.body).toBe("");
      for (const [name, pattern] of Object.entries(row.expected ?? {})) {
        const values = pattern === null ? undefined : [expect.stringMatching(pattern)];
        expect({ [name]: answer.headers.get(name) }).toEqual({ [name]: values });
      }
    }
  });
});

describe("to the millisecond", () => {
  test.each(BOUNDARIES)("$what", async ({ path, atMs, before, after }) => {
    const expectAt = async (offsetMs: number, { status, maxAgeMs }: Expected) => {
      world.clock.set(T0 + offsetMs);
      const asked = askWire(world.port, "GET", path);
      if (maxAgeMs !== undefined) return expectLifetime(await asked, status, maxAgeMs);
      await world.held(1);
      await world.clock.pass(4000);
      expectLifetime(await asked, status, 1000);
    };
    await expectAt(atMs - 1, before);
    await expectAt(atMs, after);
  });
});
