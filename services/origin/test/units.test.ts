import type { Template } from "@headwater/timeline";
import { describe, expect, test } from "@jest/globals";
import { longestBlockMs } from "../src/holds/held-playlist.ts";
import { acceptsGzip } from "../src/http/accepts-gzip.ts";
import { answerFor, ofOlderVersion } from "../src/http/answers.ts";
import { sliceChunks } from "../src/http/body.ts";
import { PlaylistTexts } from "../src/playlist-texts.ts";

describe("answers", () => {
  test("a lifetime is what is left until the answer may change", () => {
    expect(answerFor({ kind: "published", class: "dvr", untilMs: 5500 }, 1000)).toMatchObject({
      status: 200,
      maxAgeMs: 4500,
    });
    expect(answerFor({ kind: "masked", untilMs: 1700 }, 1000)).toMatchObject({ status: 404, maxAgeMs: 700 });
    expect(answerFor({ kind: "hold", untilMs: 5000 }, 1000)).toMatchObject({ status: 404, maxAgeMs: 1000 });
  });

  test("an older version is kept for 5 s at most", () => {
    expect(ofOlderVersion(answerFor({ kind: "gone", untilMs: 61_000 }, 1000)).maxAgeMs).toBe(5000);
    expect(ofOlderVersion(answerFor({ kind: "hole", untilMs: 1300 }, 1000)).maxAgeMs).toBe(300);
  });
});

test("a slice of chunks shares their memory", () => {
  const chunks = [Buffer.from("abcd"), Buffer.from("efgh"), Buffer.from("ij")];
  const text = (start: number, end: number) => Buffer.concat(sliceChunks(chunks, start, end)).toString();
  expect([text(0, 9), text(0, 0), text(3, 4), text(4, 7), text(9, 9)]).toEqual(["abcdefghij", "a", "de", "efgh", "j"]);
  expect(sliceChunks(chunks, 4, 7)[0]?.buffer).toBe(chunks[1]?.buffer);
  expect(sliceChunks(chunks, 4, 7)).toHaveLength(1);
});

test.each([
  [undefined, false],
  ["", false],
  ["gzip", true],
  ["br, GZIP;q=0.5", true],
  ["gzip;q=0", false],
  ["gzip; q=0.000, *", false],
  ["*", true],
  ["*;q=0", false],
  ["identity", false],
  ["x-gzip", true],
])("Accept-Encoding %p: gzip %p", (value, expected) => {
  expect(acceptsGzip(value)).toBe(expected);
});

test("a playlist's text is hashed and compressed once", async () => {
  const texts = new PlaylistTexts();
  const one = texts.of("#EXTM3U\n", 1000);
  expect(texts.of(["#EXT", "M3U\n"].join(""), 9000)).toBe(one);
  expect(one.firstSeenMs).toBe(1000);
  expect(one.gzip()).toBe(one.gzip());
});

test.each([
  [2000, 6000],
  [3000, 8000],
  [6000, 8000],
])("a blocking reload of %d ms segments waits %d ms at most", (durationMs, longestMs) => {
  const template = { duration: { num: durationMs, den: 1000 } } as Template;
  expect(longestBlockMs(template)).toBe(longestMs);
});
