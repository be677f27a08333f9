import { describe, expect, test } from "@jest/globals";
import { StoreClock } from "../src/store-clock.ts";

const HOUR_MS = 3_600_000;
const NOW_MS = 1_000_000_000;
/** This machine's time and the monotonic one at the look. */
const [AT_MS, CLOCK_MS] = [NOW_MS, 500];
const node = (offMs: number) => ({ nodeMs: NOW_MS + offMs, atClockMs: CLOCK_MS });

function aheadOf(offsMs: readonly number[]): number {
  const clock = new StoreClock();
  clock.learn(offsMs.map(node), AT_MS, CLOCK_MS);
  return clock.aheadMs(AT_MS, CLOCK_MS) + 0;
}

describe("the store's clock", () => {
  test.each([
    ["nothing is known", [], 0],
    ["the only node is ahead", [3_000], -3_000],
    ["one of two is wrong by an hour", [HOUR_MS, 10], -10],
    ["one of three is wrong by an hour", [10, -HOUR_MS, 0], 0],
    ["two of five are wrong", [HOUR_MS, 20, 0, -HOUR_MS, 10], -10],
    ["ours is behind all", [5_000, 5_010, 4_990], -5_000],
  ] as const)("where %s", (_, offsMs, wanted) => {
    expect(aheadOf(offsMs)).toBe(wanted);
  });

  test("a step of our clock shows at once, and is gone when it is set right; what was known stays without answers", () => {
    const clock = new StoreClock();
    clock.learn([node(0), node(0), node(0)], AT_MS, CLOCK_MS);
    expect(clock.aheadMs(AT_MS + 60_000, CLOCK_MS + 60_000)).toBe(0);
    expect(clock.aheadMs(AT_MS + 60_000 + HOUR_MS, CLOCK_MS + 60_000)).toBe(HOUR_MS);
    clock.learn([], AT_MS + 65_000 - 5_000, CLOCK_MS + 65_000);
    expect(clock.aheadMs(AT_MS + 65_000 - 5_000, CLOCK_MS + 65_000)).toBe(-5_000);
    expect(clock.aheadMs(AT_MS + 70_000, CLOCK_MS + 70_000)).toBe(0);
  });
});
