import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { AdaptiveLimit, FairRate, RateBucket, ShedMemory } from "../src/index.ts";
import { SlowTier } from "./support/slow-tier.ts";

describe("a rate", () => {
  test("is kept over any stretch of time, but for a quarter of a second's worth", () => {
    const steps = fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 300 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 500 }), steps, (perSecond, stepsMs) => {
        const bucket = new RateBucket();
        const taken: number[] = [];
        let nowMs = 1e12;
        for (const stepMs of stepsMs) {
          nowMs += stepMs;
          if (!bucket.has(nowMs, perSecond)) continue;
          bucket.spend();
          taken.push(nowMs);
        }
        const burst = perSecond === 0 ? 0 : Math.max(1, perSecond / 4);
        taken.forEach((fromMs, i) => {
          const allowed = burst + ((taken.at(-1)! - fromMs) * perSecond) / 1000;
          expect(taken.length - i).toBeLessThanOrEqual(allowed + 1e-6);
        });
        if (perSecond > 0 && stepsMs.length > 0) expect(taken.length).toBeGreaterThan(0);
      }),
    );
  });

  test("is divided among the edges that ask, and one that asks alone has all of it", () => {
    const rate = new FairRate(100);
    const count = (edges: Readonly<Record<string, number>>, fromMs: number) => {
      const taken: Record<string, number> = {};
      for (let ms = fromMs; ms < fromMs + 2000; ms += 10) {
        for (const [edge, times] of Object.entries(edges)) {
          for (let i = 0; i < times; i += 1) if (rate.take(edge, ms)) taken[edge] = (taken[edge] ?? 0) + 1;
        }
      }
      return taken;
    };
    expect(count({ one: 10 }, 0).one).toBeGreaterThanOrEqual(200);
    const { one = 0, two = 0 } = count({ one: 50, two: 1 }, 10_000);
    expect(two).toBeGreaterThan(90);
    expect(one).toBeLessThan(130);
    expect(rate.ask("one", 11_990)).toBe(2);
    expect(rate.ask("one", 13_000)).toBe(1);
  });
});

test("what was shed is remembered for its time, and never more than so many", () => {
  const shed = new ShedMemory({ forMs: 5000, max: 3 });
  expect(shed.remember("a", 1000)).toBe(6000);
  expect([shed.untilMs("a", 1000), shed.untilMs("a", 5999), shed.untilMs("a", 6000)]).toEqual([6000, 6000, undefined]);
  for (const key of ["b", "c", "d"]) shed.remember(key, 2000);
  expect([shed.untilMs("a", 2001), shed.untilMs("b", 2001), shed.size]).toEqual([undefined, 7000, 3]);
  shed.remember("e", 7000);
  expect(shed.size).toBe(1);
});

describe("an adaptive limit", () => {
  const targetMs = 100;
  const ends = (
    limit: AdaptiveLimit,
    fromMs: number,
    latencyMs: number,
    times: number,
    outcome = "success" as const,
  ) => {
    let nowMs = fromMs;
    for (let i = 0; i < times; i += 1) {
      nowMs += Math.max(1, latencyMs);
      limit.reached(limit.value);
      for (let read = 0; read < limit.value; read += 1) limit.ended(nowMs - latencyMs, nowMs, outcome);
    }
    return nowMs;
  };

  test("begins at the hard one and stays there while the tier is fast", () => {
    const limit = new AdaptiveLimit({ max: 64, targetMs });
    ends(limit, 0, 5, 500);
    expect(limit.value).toBe(64);
  });

  test("is never below 1 nor above the hard one, whatever it hears", () => {
    const heard = fc.record({
      tookMs: fc.integer({ min: 0, max: 5000 }),
      passedMs: fc.integer({ min: 0, max: 500 }),
      inFlight: fc.integer({ min: 0, max: 80 }),
      outcome: fc.constantFrom("success", "ignored", "dropped" as const),
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 64 }), fc.array(heard, { maxLength: 400 }), (max, all) => {
        const limit = new AdaptiveLimit({ max, targetMs });
        let nowMs = 0;
        for (const { tookMs, passedMs, inFlight, outcome } of all) {
          nowMs += passedMs;
          limit.reached(inFlight);
          limit.ended(nowMs - tookMs, nowMs, outcome);
          expect(limit.value).toBeGreaterThanOrEqual(1);
          expect(limit.value).toBeLessThanOrEqual(max);
        }
      }),
    );
  });

  test("falls to 1 when reads fail, ignores what says nothing, and is back soon after the first successes", () => {
    const limit = new AdaptiveLimit({ max: 64, targetMs });
    for (let ms = 0; ms < 3000; ms += 10) limit.ended(ms, ms + 10, "dropped");
    expect(limit.value).toBe(1);
    for (let ms = 3000; ms < 6000; ms += 10) limit.ended(ms, ms + 10, "ignored");
    expect(limit.value).toBe(1);
    ends(limit, 6000, 20, 60);
    expect(limit.value).toBe(64);
  });

  test.each([
    { says: "slow whatever is asked of it", baseMs: 800, perSecond: 1000, atLeast: 40, atMost: 64 },
    { says: "slow, and full at 20 reads a second", baseMs: 800, perSecond: 20, atLeast: 8, atMost: 40 },
    { says: "fast, but full at 50 reads a second", baseMs: 10, perSecond: 50, atLeast: 1, atMost: 16 },
  ])("finds its place before a tier that is $says, loses little of it, and is back within 10 s", (tier) => {
    const store = new SlowTier({ max: 64, targetMs, baseMs: 5, perSecond: 10_000 });
    store.run(2000, 500);
    Object.assign(store.tier, tier);
    store.run(10_000, 500);
    store.done = 0;
    const limits = store.run(10_000, 500);
    const possible = Math.min(tier.perSecond, (64 * 1000) / tier.baseMs);
    expect(store.done / 10).toBeGreaterThan(0.75 * possible);
    const middle = limits.toSorted((a, b) => a - b)[Math.floor(limits.length / 2)];
    expect(middle).toBeGreaterThanOrEqual(tier.atLeast);
    expect(middle).toBeLessThanOrEqual(tier.atMost);
    Object.assign(store.tier, { baseMs: 5, perSecond: 10_000 });
    store.run(10_000, 500);
    expect(store.limiter.limit).toBe(64);
  });
});
