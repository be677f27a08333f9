import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { contentRange, type Evaluation, evaluate, httpDate, parseHttpDate, type RequestHeaders } from "../src/index.ts";

const lastModifiedMs = Date.UTC(2026, 0, 1, 12, 0, 0, 700);
const object = { etag: '"abc"', lastModifiedMs, sizeBytes: 100 };
const sameDate = "Thu, 01 Jan 2026 12:00:00 GMT";
const before = "Thu, 01 Jan 2026 11:59:59 GMT";
const after = "Thu, 01 Jan 2026 12:00:01 GMT";
const part = (start: number, end: number): Evaluation => ({ status: 206, start, end });
const whole: Evaluation = { status: 200 };
const unchanged: Evaluation = { status: 304 };
const failed: Evaluation = { status: 412 };
const unsatisfiable: Evaluation = { status: 416 };

test.each<[RequestHeaders, Evaluation]>([
  [{}, whole],
  // If-None-Match and If-Modified-Since
  [{ "if-none-match": '"abc"' }, unchanged],
  [{ "if-none-match": 'W/"abc"' }, unchanged],
  [{ "if-none-match": '"x", "abc"' }, unchanged],
  [{ "if-none-match": "*" }, unchanged],
  [{ "if-none-match": '"x"' }, whole],
  [{ "if-none-match": "abc" }, whole],
  [{ "if-none-match": '"abc"', "cache-control": "no-cache" }, unchanged],
  [{ "if-none-match": '"x"', "if-modified-since": after }, whole],
  [{ "if-none-match": '"abc"', range: "bytes=0-1" }, unchanged],
  [{ "if-modified-since": sameDate }, unchanged],
  [{ "if-modified-since": after }, unchanged],
  [{ "if-modified-since": before }, whole],
  [{ "if-modified-since": "Thursday, 01-Jan-26 12:00:00 GMT" }, unchanged],
  [{ "if-modified-since": "Thu Jan  1 12:00:00 2026" }, unchanged],
  [{ "if-modified-since": "3000" }, whole],
  [{ "if-modified-since": "2027-01-01T00:00:00Z" }, whole],
  // If-Match and If-Unmodified-Since
  [{ "if-match": '"abc"' }, whole],
  [{ "if-match": '"x" , "abc"' }, whole],
  [{ "if-match": "*" }, whole],
  [{ "if-match": '"x"' }, failed],
  [{ "if-match": 'W/"abc"' }, failed],
  [{ "if-match": '"abc"', "if-unmodified-since": before }, whole],
  [{ "if-unmodified-since": before }, failed],
  [{ "if-unmodified-since": sameDate }, whole],
  [{ "if-unmodified-since": "yesterday" }, whole],
  [{ "if-match": '"x"', "if-none-match": '"abc"' }, failed],
  // Range
  [{ range: "bytes=0-0" }, part(0, 0)],
  [{ range: "bytes=10-19" }, part(10, 19)],
  [{ range: "BYTES=90-" }, part(90, 99)],
  [{ range: "bytes=0-100" }, part(0, 99)],
  [{ range: `bytes=99-${"9".repeat(400)}` }, part(99, 99)],
  [{ range: "bytes=-1" }, part(99, 99)],
  [{ range: "bytes=-1000" }, part(0, 99)],
  [{ range: "bytes=-0" }, unsatisfiable],
  [{ range: "bytes=100-" }, unsatisfiable],
  [{ range: "bytes=100-200" }, unsatisfiable],
  [{ range: "bytes=0-1,5-6" }, whole],
  [{ range: "bytes=5-2" }, whole],
  [{ range: "bytes=" }, whole],
  [{ range: "bytes=-" }, whole],
  [{ range: "bytes=a-b" }, whole],
  [{ range: "bytes 0-1" }, whole],
  [{ range: "lines=0-1" }, whole],
  [{ range: "" }, whole],
  // If-Range
  [{ range: "bytes=0-1", "if-range": '"abc"' }, part(0, 1)],
  [{ range: "bytes=0-1", "if-range": '"x"' }, whole],
  [{ range: "bytes=0-1", "if-range": 'W/"abc"' }, whole],
  [{ range: "bytes=0-1", "if-range": sameDate }, part(0, 1)],
  [{ range: "bytes=0-1", "if-range": after }, whole],
  [{ range: "bytes=200-", "if-range": '"x"' }, whole],
  [{ "if-range": '"x"' }, whole],
])("%j", (headers, expected) => expect(evaluate(headers, object)).toEqual(expected));

test("an empty object has no part", () => {
  const empty = { ...object, sizeBytes: 0 };
  expect(evaluate({ range: "bytes=0-" }, empty)).toEqual(unsatisfiable);
  expect(evaluate({ range: "bytes=-5" }, empty)).toEqual(whole);
});

test("Content-Range", () => {
  expect(contentRange(part(0, 9), 100)).toBe("bytes 0-9/100");
  expect(contentRange(unsatisfiable, 100)).toBe("bytes */100");
});

test("dates", () => {
  expect(httpDate(lastModifiedMs)).toBe(sameDate);
  expect(parseHttpDate(sameDate)).toBe(Date.UTC(2026, 0, 1, 12));
  for (const none of [undefined, "", "0", "Thu, 01 Foo 2026 12:00:00 GMT", "Thu, 01 Jan 2026 12:00:00 +0100"]) {
    expect(parseHttpDate(none)).toBeUndefined();
  }
});

test("whatever the headers, a part lies inside the object", () => {
  const names = ["range", "if-range", "if-match", "if-none-match", "if-modified-since", "if-unmodified-since"];
  const text = fc.oneof(
    fc.string(),
    fc.tuple(fc.nat(), fc.nat()).map(([a, b]) => `bytes=${a}-${b}`),
    fc.constant('"abc"'),
  );
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...names), text), fc.nat(), (headers, sizeBytes) => {
      const answer = evaluate(headers, { ...object, sizeBytes });
      if (answer.status !== 206) return;
      expect(answer.start).toBeLessThanOrEqual(answer.end);
      expect(answer.end).toBeLessThan(sizeBytes);
    }),
  );
});
