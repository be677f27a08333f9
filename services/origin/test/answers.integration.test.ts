import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { ROWS } from "./rows.ts";
import { ask } from "./support/client.ts";
import { INIT, makeRowsWorld, NOW, requestOf } from "./support/rows-world.ts";
import { World } from "./support/world.ts";

const EXPOSED = [
  "Headwater-Max-Age-Ms",
  "Headwater-Template",
  "Surrogate-Key",
  "Cache-Status",
  "ETag",
  "Accept-Ranges",
];
const world = new World();
/** Where time passes: what a playlist has given up by then stays given up. */
const passing = new World();
let hash: string;
beforeAll(async () => {
  hash = await makeRowsWorld(world);
  await makeRowsWorld(passing);
});
afterAll(async () => {
  await world.close();
  await passing.close();
});

/** What may differ between two answers to one question. */
const OF_ONE = ["date", "cache-status", "server-timing", "timing-allow-origin"];

function comparable(headers: Record<string, unknown>) {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !OF_ONE.includes(name)));
}

describe("GET and HEAD", () => {
  test.each(ROWS)("$asked: $status for $maxAgeMs ms", async (row) => {
    const { path, headers } = requestOf(row, hash);
    const { port } = row.held ? passing : world;
    const asked = ask(port, "GET", path, headers);
    if (row.held) {
      await passing.held(1);
      await passing.clock.pass(4000);
    }
    const get = await asked;
    passing.clock.set(NOW);
    expect(get.status).toBe(row.status);
    expect(get.headers["headwater-max-age-ms"]).toBe(`${row.maxAgeMs}`);
    if (row.maxAgeMs === 0) expect(get.headers["cache-control"]).toBe("max-age=0, no-store");
    else expect(get.headers["cache-control"]).toMatch(/^public, max-age=\d+, s-maxage=\d+/);
    expect(get.headers["cache-control"]?.includes("stale-while-revalidate=0")).toBe([404, 410].includes(row.status));
    expect(get.headers["access-control-allow-origin"]).toBe("*");
    for (const name of EXPOSED) expect(get.headers["access-control-expose-headers"]).toContain(name);
    for (const [name, pattern] of Object.entries(row.expected ?? {})) {
      if (pattern === null) expect(get.headers[name]).toBeUndefined();
      else expect({ [name]: get.headers[name] }).toEqual({ [name]: expect.stringMatching(pattern) });
    }
    if (row.status >= 400) {
      expect(get.headers["content-type"]).toBe("application/problem+json");
      expect(JSON.parse(get.body.toString())).toMatchObject({ status: row.status });
      expect(get.body.length).toBeLessThan(300);
      expect(get.body.toString()).not.toContain("/live");
    }
    if (row.status !== 304) expect(get.headers["content-length"]).toBe(`${get.body.length}`);

    const head = await ask(port, "HEAD", path, headers);
    expect(head.status).toBe(row.status);
    expect(head.body).toHaveLength(0);
    expect(comparable(head.headers)).toEqual(comparable(get.headers));
  });
});

describe("bodies", () => {
  test("a segment, a part of it and an init come byte for byte", async () => {
    const url = "/live/derby/v2/720p/40.m4s";
    expect((await ask(world.port, "GET", url)).body.toString()).toBe("derby 720p 40 a");
    expect((await ask(world.port, "GET", url, { Range: "bytes=6-9" })).body.toString()).toBe("720p");
    expect((await ask(world.port, "GET", "/live/derby/v2/720p/init.mp4")).body).toEqual(INIT);
    expect((await ask(world.port, "GET", url)).headers["cache-status"]).toBe("headwater; hit; detail=memory");
  });

  test("a media playlist names what can be got: 60 s, a window, a range snapped to 32", async () => {
    const numbers = async (query: string) => {
      const { body } = await ask(world.port, "GET", `/live/derby/720p/index.m3u8${query}`);
      return [...body.toString().matchAll(/^\.\.\/v2\/720p\/(\d+)\.m4s$/gm)].map((match) => Number(match[1]));
    };
    // 38 may still come, so the list ends before it.
    expect((await numbers("")).at(-1)).toBe(37);
    expect((await numbers("?window=10")).at(0)).toBe(36);
    expect(await numbers("?from=33&to=34")).toEqual([32, 33, 34, 35, 36, 37]);
    expect((await numbers("?to=20")).at(-1)).toBe(31);
    const { body } = await ask(world.port, "GET", "/live/derby/720p/index.m3u8");
    expect(body.toString()).toContain(`#EXT-X-MAP:URI="../v2/720p/init-${hash}.mp4"`);
    expect(body.toString()).toMatch(/#EXT-X-GAP\n(?:#.*\n)*\.\.\/v2\/720p\/30\.m4s/);
  });

  test("the master playlist hands its window on", async () => {
    const { body } = await ask(world.port, "GET", "/live/derby/master.m3u8?window=300&x=1");
    expect(body.toString()).toMatch(/^720p\/index\.m3u8\?window=300$/m);
  });

  test("playlists are compressed for those who accept it, under a tag of their own", async () => {
    const url = "/live/derby/720p/index.m3u8";
    const plain = await ask(world.port, "GET", url);
    const gzip = await ask(world.port, "GET", url, { "Accept-Encoding": "br, gzip" });
    expect(gzip.headers).toMatchObject({ "content-encoding": "gzip", vary: "Accept-Encoding" });
    expect(gunzipSync(gzip.body)).toEqual(plain.body);
    expect(gzip.headers.etag).not.toBe(plain.headers.etag);
    for (const { headers } of [plain, gzip]) {
      const encoding = headers["content-encoding"] === undefined ? {} : { "Accept-Encoding": "gzip" };
      const again = await ask(world.port, "GET", url, { "If-None-Match": headers.etag!, ...encoding });
      expect(again.status).toBe(304);
      expect(again.headers).toMatchObject({ etag: headers.etag, vary: "Accept-Encoding" });
    }
    const media = await ask(world.port, "GET", "/live/derby/v2/720p/40.m4s", { "Accept-Encoding": "gzip" });
    expect(media.headers["content-encoding"]).toBeUndefined();
  });
});

describe("methods", () => {
  test("OPTIONS tells what is allowed, for a minute, on any path", async () => {
    const { status, headers } = await ask(world.port, "OPTIONS", "/live/derby/v2/720p/40.m4s");
    expect(status).toBe(204);
    expect(headers).toMatchObject({
      "access-control-allow-methods": "GET, HEAD, OPTIONS",
      "headwater-max-age-ms": "60000",
    });
  });

  test.each(["PUT", "POST", "DELETE", "PATCH"])("%s is refused, and never kept", async (method) => {
    const { status, headers } = await ask(world.port, method, "/live/derby/v2/720p/40.m4s");
    expect(status).toBe(405);
    expect(headers).toMatchObject({
      allow: "GET, HEAD, OPTIONS",
      "cache-control": "max-age=0, no-store",
      "access-control-allow-origin": "*",
    });
  });
});

test("what was answered is counted by decision and status, what was served by pipeline", async () => {
  const requests = await world.counted("headwater_origin_requests_total");
  expect(requests).toContainEqual(expect.objectContaining({ labels: { decision: "published", status: 206 } }));
  expect(requests).toContainEqual(expect.objectContaining({ labels: { decision: "outside-grammar", status: 404 } }));
  const served = await world.counted("headwater_served_total");
  expect(served).toContainEqual(expect.objectContaining({ labels: { pipeline: "a", defective: "true" }, value: 1 }));
});
