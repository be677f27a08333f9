import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  CORS,
  CORS_PREFLIGHT,
  cacheStatus,
  contentType,
  freshness,
  HEADER,
  mediaHeaders,
  NO_STORE,
  notificationsHeader,
  parseTemplateHeader,
  problem,
  surrogateKeyHeaders,
  surrogateKeys,
  templateHeader,
} from "../src/index.ts";

describe("freshness", () => {
  test.each<[number, number, Record<string, string>]>([
    [200, 14_400_000, { ms: "14400000", cache: "public, max-age=60, s-maxage=14400", cdn: "max-age=14400" }],
    [200, 2000, { ms: "2000", cache: "public, max-age=2, s-maxage=2", cdn: "max-age=2" }],
    [206, 2999.9, { ms: "2999", cache: "public, max-age=2, s-maxage=2", cdn: "max-age=2" }],
    [304, 400, { ms: "400", cache: "public, max-age=1, s-maxage=1", cdn: "max-age=1" }],
    [204, 60_000, { ms: "60000", cache: "public, max-age=60, s-maxage=60", cdn: "max-age=60" }],
    [
      404,
      60_000,
      { ms: "60000", cache: "public, max-age=60, s-maxage=60, stale-while-revalidate=0", cdn: "max-age=60" },
    ],
    [410, -5, { ms: "0", cache: "public, max-age=1, s-maxage=1, stale-while-revalidate=0", cdn: "max-age=1" }],
    [
      503,
      5000,
      { ms: "5000", cache: "public, max-age=5, s-maxage=5, stale-while-revalidate=0", cdn: "max-age=5", retry: "5" },
    ],
  ])("%i for %d ms", (status, maxAgeMs, { ms, cache, cdn, retry }) => {
    expect(freshness(maxAgeMs, status)).toEqual({
      "Headwater-Max-Age-Ms": ms,
      "Cache-Control": cache,
      "CDN-Cache-Control": cdn,
      ...(retry && { "Retry-After": retry }),
    });
  });

  test.each([400, 401, 403, 405, 412, 416, 431, 500, 501])("%i is never kept", (status) => {
    expect(freshness(60_000, status)).toBe(NO_STORE);
    expect(NO_STORE["Cache-Control"]).toBe("max-age=0, no-store");
  });

  test("every status and time gives whole numbers, a browser at most 60 s", () => {
    fc.assert(
      fc.property(fc.double(), fc.integer({ min: 200, max: 599 }), (maxAgeMs, status) => {
        const headers = freshness(maxAgeMs, status);
        expect(headers["Headwater-Max-Age-Ms"]).toMatch(/^\d{1,13}$/);
        const ages = [
          ...Object.values(headers)
            .join(",")
            .matchAll(/(?:max-age|s-maxage)=([^,]*)/g),
        ].map((m) => m[1]);
        for (const age of ages) expect(age).toMatch(/^\d{1,10}$/);
        expect(Number(/max-age=(\d+)/.exec(headers["Cache-Control"]!)![1])).toBeLessThanOrEqual(60);
      }),
    );
  });
});

describe("template", () => {
  const template = {
    duration: { num: 1001, den: 500 },
    startMs: 1_767_225_600_000,
    first: 1,
    last: 900,
    publishDelayMs: 500,
    dvrWindowMs: 14_400_000,
  };

  test("to the letter", () => {
    const text = "dur=1001, scale=500, start=1767225600000, first=1, last=900, delay=500, window=14400000";
    expect(templateHeader(template)).toBe(text);
    expect(parseTemplateHeader(text)).toEqual(template);
    const { last: _, ...open } = template;
    expect(templateHeader({ ...open, startMs: -0.4 })).toBe(
      "dur=1001, scale=500, start=0, first=1, delay=500, window=14400000",
    );
    expect(parseTemplateHeader(templateHeader(open))).toEqual(open);
  });

  test.each(["", "dur=1", "dur=x, scale=1", templateHeader(template).replace("scale=500", "scale=1.5")])(
    "no template: %s",
    (text) => expect(parseTemplateHeader(text)).toBeUndefined(),
  );
});

test("surrogate keys", () => {
  const event = { event: "derby", version: 3 };
  const number = { ...event, rendition: "720p", number: 56_038 };
  expect(surrogateKeys(event)).toEqual(["derby", "derby/v3"]);
  expect(surrogateKeys(number)).toEqual(["derby", "derby/v3", "derby/720p", "derby/720p/n56038"]);
  expect(surrogateKeyHeaders(surrogateKeys({ ...number, pipeline: "a", region: "west" }))).toEqual({
    "Surrogate-Key":
      "derby derby/v3 derby/720p derby/720p/n56038 derby/720p/a derby/720p/a/west derby/720p/a/west/n56038",
    "Cache-Tag": "derby,derby/v3,derby/720p,derby/720p/n56038,derby/720p/a,derby/720p/a/west,derby/720p/a/west/n56038",
  });
  expect(surrogateKeys({ ...event, rendition: "720p", pipeline: "a" }).at(-1)).toBe("derby/720p/a");
});

test("cache status", () => {
  expect(cacheStatus("memory")).toBe("headwater; hit; detail=memory");
  expect(cacheStatus("memcached")).toBe("headwater; hit; detail=memcached");
  expect(cacheStatus("store")).toBe("headwater; fwd=miss; detail=store");
});

describe("notifications", () => {
  const notification = (id: number, data: string) => ({ type: "slate", id, atMs: 1000 + id, data });

  test("to the letter, oldest first", () => {
    expect(notificationsHeader([])).toBeUndefined();
    expect(notificationsHeader([notification(7, "on"), { ...notification(3, "é"), type: "ad/break" }])).toBe(
      "ad/break;id=3;at=1003;data=:w6k=:, slate;id=7;at=1007;data=:b24=:",
    );
  });

  test("a type that is no token is left out", () => {
    expect(notificationsHeader([{ ...notification(1, ""), type: "a b\r\n" }])).toBeUndefined();
  });

  test("at most 2048 bytes, the newest first to stay", () => {
    const many = Array.from({ length: 200 }, (_, id) => notification(id, "x".repeat(id % 50)));
    const text = notificationsHeader(many)!;
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(2048);
    expect(text).toContain("id=199;");
    expect(text).not.toContain("id=0;");
    expect(notificationsHeader([notification(2, "x".repeat(3000)), notification(1, "kept")])).toContain("id=1;");
  });
});

test("CORS on every status exposes all our headers", () => {
  expect(CORS["Access-Control-Allow-Origin"]).toBe("*");
  const exposed = CORS["Access-Control-Expose-Headers"]!.split(", ");
  expect(exposed).toEqual(expect.arrayContaining([...Object.values(HEADER), "ETag", "Cache-Status", "Surrogate-Key"]));
  expect(CORS_PREFLIGHT).toMatchObject({ ...CORS, "Access-Control-Max-Age": "60", Allow: "GET, HEAD, OPTIONS" });
});

test("media headers say what there is to say", () => {
  expect(mediaHeaders({ pipeline: "a", region: "west", init: "ab12", defects: ["gap;ms=120", "short;ms=40"] })).toEqual(
    {
      "Headwater-Pipeline": "a",
      "Headwater-Region": "west",
      "Headwater-Init": "ab12",
      "Headwater-Defects": "gap;ms=120, short;ms=40",
    },
  );
  expect(Object.keys(mediaHeaders({ pipeline: "a", region: "west", defects: [] }))).toHaveLength(2);
});

test("content types", () => {
  const types = ["m3u8", "m4s", "cmfa", "cmft", "ts", "aac", "vtt", "exe"].map(contentType);
  expect(types).toEqual([
    "application/vnd.apple.mpegurl",
    "video/mp4",
    "audio/mp4",
    "application/mp4",
    "video/mp2t",
    "audio/aac",
    "text/vtt",
    "application/octet-stream",
  ]);
});

test("problems stay under 300 bytes", () => {
  expect(problem(404, "Not yet published")).toBe('{"type":"about:blank","title":"Not yet published","status":404}');
  const long = problem(500, '"é\u{1f600}'.repeat(200));
  expect(Buffer.byteLength(long)).toBeLessThan(300);
  expect(JSON.parse(long)).toMatchObject({ status: 500 });
});
