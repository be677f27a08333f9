import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { type Anchoring, anchoredTemplate, decide, rational, reanchor } from "../src/index.ts";

const two = rational(2, 1);
const ntsc = rational(1001, 500);
const anchoring: Anchoring = { anchor: { number: 10, endMs: 100_000 }, duration: two };

describe("reanchor", () => {
  test.each([
    ["on time", { number: 12, nowMs: 104_000, recentDurations: [two] }, undefined],
    ["late by a quarter", { number: 12, nowMs: 104_500, recentDurations: [two] }, undefined],
    ["early by a quarter", { number: 12, nowMs: 103_500, recentDurations: [two] }, undefined],
    [
      "later",
      { number: 12, nowMs: 104_501, recentDurations: [] },
      { anchor: { number: 12, endMs: 104_501 }, duration: two },
    ],
    [
      "earlier",
      { number: 12, nowMs: 103_499, recentDurations: [] },
      { anchor: { number: 12, endMs: 103_499 }, duration: two },
    ],
    [
      "with the media's duration",
      { number: 12, nowMs: 104_501, recentDurations: [ntsc, ntsc] },
      { anchor: { number: 12, endMs: 104_501 }, duration: ntsc },
    ],
    [
      "with their mean",
      { number: 12, nowMs: 104_501, recentDurations: [two, rational(1, 1)] },
      { anchor: { number: 12, endMs: 104_501 }, duration: rational(3, 2) },
    ],
    [
      "media too short to be a segment",
      { number: 12, nowMs: 104_501, recentDurations: [rational(1, 25)] },
      { anchor: { number: 12, endMs: 104_501 }, duration: two },
    ],
    ["the anchor's own number again", { number: 10, nowMs: 109_000, recentDurations: [two] }, undefined],
    ["a late filling", { number: 9, nowMs: 109_000, recentDurations: [two] }, undefined],
  ])("%s", (_, arrival, expected) => {
    expect(reanchor(anchoring, arrival)).toEqual(expected);
  });

  const limits = { first: 0, publishDelayMs: 500, retryDeadlineMs: 6000, holdMs: 4000, dvrWindowMs: 14_400_000 };
  /** Kinds of answer to each number 1 ms before it arrives. */
  function answersBeforeArrival(durationMs: number, arrivalsMs: readonly number[], open: boolean): string[] {
    const duration = rational(durationMs, 1000);
    let current: Anchoring = { anchor: { number: 0, endMs: 0 }, duration };
    return arrivalsMs.map((nowMs, highest) => {
      const number = highest + 1;
      const template = anchoredTemplate(current, limits);
      const options = { liveEdgeSegments: 3, clockToleranceMs: 500, ...(open ? { openFrom: number } : {}) };
      const decision = decide(template, { highest, presence: "absent", stalled: false }, number, nowMs - 1, options);
      current = reanchor(current, { number, nowMs, recentDurations: [duration] }) ?? current;
      return decision.kind;
    });
  }

  test("however an encoder's clock drifts and its uploads waver, a number about to arrive is never gone", () => {
    const durationMs = fc.integer({ min: 200, max: 4000 });
    const clock = fc.double({ min: 0.95, max: 1.05, noNaN: true });
    const delays = fc.array(fc.integer({ min: 0, max: 4000 }), { minLength: 50, maxLength: 200 });
    fc.assert(
      fc.property(durationMs, clock, delays, (d, speed, delaysMs) => {
        let lastMs = 0;
        const arrivalsMs = delaysMs.map((delayMs, index) => {
          lastMs = Math.max(lastMs, (index + 1) * d * speed + delayMs);
          return lastMs;
        });
        expect(answersBeforeArrival(d, arrivalsMs, false)).not.toContain("gone");
      }),
    );
  });

  test("nor is it after a pause of any length when its clock follows the encoder", () => {
    const pauses = fc.array(fc.integer({ min: 0, max: 600_000 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(fc.integer({ min: 200, max: 20_000 }), pauses, (d, pausesMs) => {
        let nowMs = 0;
        const arrivalsMs = pausesMs.map((pauseMs) => {
          nowMs += pauseMs;
          return nowMs;
        });
        expect(answersBeforeArrival(d, arrivalsMs, true)).not.toContain("gone");
      }),
    );
  });
});
