import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  anchoredTemplate,
  durationMs,
  epochTemplate,
  expectedPublishMs,
  fixedTemplate,
  isOutOfWindow,
  isTooEarly,
  mean,
  numberAt,
  numberEndingNear,
  numberEndMs,
  numberStartMs,
  parseDuration,
  rational,
  retryDeadlineMs,
} from "../src/index.ts";

const limits = { first: 0, publishDelayMs: 500, retryDeadlineMs: 6000, holdMs: 4000, dvrWindowMs: 14_400_000 };
const ntsc = rational(60060, 30000);

describe("parseDuration", () => {
  test.each([
    [2000, { num: 2, den: 1 }],
    [2002, { num: 1001, den: 500 }],
    ["60060/30000", { num: 1001, den: 500 }],
    ["1/5", { num: 1, den: 5 }],
    ["20/1", { num: 20, den: 1 }],
    [200, { num: 1, den: 5 }],
    [20_000, { num: 20, den: 1 }],
    ["999999999999999/500000000000000", { num: 999999999999999, den: 500000000000000 }],
  ])("%p", (value, expected) => {
    expect(parseDuration(value)).toEqual(expected);
  });

  test.each([199, 20_001, "1/6", "20001/1000", "999999999999999/1"])("%p is out of bounds", (value) => {
    expect(() => parseDuration(value)).toThrow("a segment duration lies between 200 ms and 20 s");
  });

  test.each([
    0,
    -2000,
    2000.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    "2000",
    "2/0",
    "0/1",
    "-2/1",
    " 2/1",
    "2/1\n",
    "2.0/1",
  ])("%p is no duration", (value) => {
    expect(() => parseDuration(value)).toThrow("whole milliseconds or a fraction of seconds");
  });

  test.each([null, undefined, {}, [2000], true, "1000000000000000/1"])("%p is no duration", (value) => {
    expect(() => parseDuration(value)).toThrow(RangeError);
  });
});

describe("rational", () => {
  test("refuses what is not a positive whole number", () => {
    for (const [num, den] of [
      [0, 1],
      [1, 0],
      [1.5, 1],
      [-1, 2],
      [2 ** 53, 1],
    ] as const) {
      expect(() => rational(num, den)).toThrow(RangeError);
    }
  });

  test("the mean is exact when all are equal and otherwise where it can be", () => {
    expect(mean([ntsc, ntsc, ntsc])).toEqual({ num: 1001, den: 500 });
    expect(mean([rational(2, 1), rational(1, 1)])).toEqual({ num: 3, den: 2 });
    const odd = [
      rational(180_001, 90_000),
      rational(95_233, 48_000),
      rational(88_200, 44_101),
      rational(60_061, 30_011),
    ];
    const expected = odd.reduce((sum, value) => sum + durationMs(value), 0) / odd.length;
    expect(durationMs(mean([...odd, ...odd, ...odd.map(({ num, den }) => rational(num, den))]))).toBeCloseTo(
      expected,
      5,
    );
  });
});

describe("where numbers lie", () => {
  test("an epoch timeline of 1001/500 s is exact at today's numbers", () => {
    const template = epochTemplate(ntsc, limits);
    // 870 000 000 × 2002 ms, a whole number.
    expect(numberStartMs(template, 870_000_000)).toBe(1_741_740_000_000);
    expect(numberEndMs(template, 870_000_000)).toBe(1_741_740_002_002);
    expect(numberAt(template, 1_741_740_000_000)).toBe(870_000_000);
    expect(numberAt(template, 1_741_739_999_999)).toBe(869_999_999);
  });

  test("products beyond 2^53 keep their precision", () => {
    const template = epochTemplate(rational(1_000_000_007, 500_000_000), limits);
    const exact = (870_000_001n * 1_000_000_007n * 1000n * 1000n) / 500_000_000n;
    expect(Math.abs(numberStartMs(template, 870_000_001) - Number(exact) / 1000)).toBeLessThan(0.01);
    expect(numberStartMs(epochTemplate(rational(1, 3), limits), 10 ** 15)).toBeCloseTo(10 ** 18 / 3, -3);
  });

  test("fixed begins with its start number, anchored ends its anchor", () => {
    const start = Date.parse("2026-11-24T20:00:00Z");
    const fixed = fixedTemplate({ startTimeMs: start, duration: ntsc }, limits);
    expect([fixed.first, numberStartMs(fixed, 1), numberEndMs(fixed, 1)]).toEqual([1, start, start + 2002]);
    const numbered = fixedTemplate({ startTimeMs: start, startNumber: 500, duration: ntsc }, limits);
    expect([numbered.first, numberStartMs(numbered, 500), numberAt(numbered, start - 1)]).toEqual([500, start, 499]);
    const anchored = anchoredTemplate({ anchor: { number: 42, endMs: start }, duration: ntsc }, limits);
    expect([numberEndMs(anchored, 42), numberEndMs(anchored, 43)]).toEqual([start, start + 2002]);
    expect([expectedPublishMs(anchored, 42), retryDeadlineMs(anchored, 42)]).toEqual([start + 500, start + 6500]);
  });

  test("the number at a time covers it, whatever duration, start and time", () => {
    const duration = fc
      .tuple(fc.integer({ min: 1, max: 10 ** 9 }), fc.integer({ min: 1, max: 10 ** 9 }))
      .filter(([num, den]) => num * 5 >= den && num <= 20 * den)
      .map(([num, den]) => rational(num, den));
    const time = fc.double({ min: -4e12, max: 4e12, noNaN: true });
    fc.assert(
      fc.property(duration, time, time, (d, startMs, timeMs) => {
        const grid = { duration: d, startMs };
        const number = numberAt(grid, timeMs);
        expect(numberStartMs(grid, number)).toBeLessThanOrEqual(timeMs);
        expect(numberEndMs(grid, number)).toBeGreaterThan(timeMs);
        const near = numberEndingNear(grid, timeMs);
        expect(Math.abs(numberEndMs(grid, near) - timeMs)).toBeLessThanOrEqual(durationMs(d) / 2 + 0.01);
      }),
    );
  });

  test("too early is more than two durations before the start, out of the window its whole length after the end", () => {
    const template = fixedTemplate({ startTimeMs: 100_000, duration: rational(2, 1) }, limits);
    expect([95_999, 96_000, 96_001].map((now) => isTooEarly(template, 1, now))).toEqual([true, false, false]);
    const end = 102_000 + 14_400_000;
    expect([end - 1, end, end + 1].map((now) => isOutOfWindow(template, 1, now))).toEqual([false, true, true]);
  });
});
