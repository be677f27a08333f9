import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  type DecideOptions,
  type Decision,
  decide,
  expectedPublishMs,
  fixedTemplate,
  type RenditionState,
  rational,
  retryDeadlineMs,
  type Template,
} from "../src/index.ts";

// Number n covers [2000·n, 2000·(n + 1)); it is expected at 2000·n + 2500 and given up at 2000·n + 8500.
const template: Template = {
  duration: rational(2, 1),
  startMs: 0,
  first: 10,
  publishDelayMs: 500,
  retryDeadlineMs: 6000,
  holdMs: 4000,
  dvrWindowMs: 60_000,
};
const options: DecideOptions = { liveEdgeSegments: 3, clockToleranceMs: 0 };
const absent: RenditionState = { highest: 99, presence: "absent", stalled: false };
const published: RenditionState = { highest: 99, presence: "published", stalled: false };

const early: Partial<Template> = { firstMayFall: true };

function ask(n: number, nowMs: number, state = absent, t: Partial<Template> = {}, o: Partial<DecideOptions> = {}) {
  const { kind, untilMs } = decide({ ...template, ...t }, state, n, nowMs, { ...options, ...o });
  return [kind, untilMs - nowMs];
}

describe("every row of the contract's table, at its boundaries", () => {
  // 99 is the highest published; 100 is expected at 202 500 and given up at 208 500.
  test.each<[string, unknown[], unknown[]]>([
    ["no template yet", [decide(undefined, absent, 100, 5000, options)], [{ kind: "early", untilMs: 6000 }]],
    ["after the last of an ended event", ask(101, 200_000, absent, { last: 100 }), ["after-last", 60_000]],
    ["the last itself", ask(100, 201_000, absent, { last: 100 }), ["hold", 4000]],
    ["before the first", ask(9, 200_000), ["before-first", 60_000]],
    ["before the first so far, 1 ms before its deadline", ask(9, 26_499, absent, early), ["before-first", 1000]],
    ["before the first so far, at its deadline", ask(9, 26_500, absent, early), ["before-first", 60_000]],
    ["before the first for good, in time", ask(9, 26_499, absent), ["before-first", 60_000]],
    ["before the first, out of the window too", ask(9, 20_000_000), ["before-first", 60_000]],
    ["just in the window", ask(50, 161_999, published), ["published", 1]],
    ["just out of the window", ask(50, 162_000, published), ["out-of-window", 60_000]],
    ["out of the window, masked", ask(50, 162_000, { ...published, presence: "masked" }), ["out-of-window", 60_000]],
    ["out of the window, never there", ask(50, 162_001), ["out-of-window", 60_000]],
    ["masked", ask(98, 200_000, { ...published, presence: "masked" }), ["masked", 1000]],
    ["masked, soon out of the window", ask(50, 161_700, { ...published, presence: "masked" }), ["masked", 300]],
    ["published, unsettled", ask(99, 200_000, published), ["published", 2000]],
    ["published, settled", ask(99, 200_000, published, {}, { firmness: "settled" }), ["published", 60_000]],
    ["published, least bad", ask(99, 200_000, published, {}, { firmness: "least-bad" }), ["published", 1000]],
    ["published after its deadline", ask(90, 200_000, published), ["published", 2000]],
    ["published early", ask(110, 200_000, { ...published, highest: 110 }), ["published", 2000]],
    ["a hole 1 ms before its deadline", ask(95, 198_499), ["hole", 1]],
    ["a hole at its deadline", ask(95, 198_500), ["gone", 60_000]],
    ["a hole with time", ask(98, 200_000), ["hole", 1000]],
    ["the next, due within the hold", ask(100, 198_500), ["hold", 4000]],
    ["the next, 1 ms too soon", ask(100, 198_499), ["early", 1000]],
    ["the next, overdue, 1 ms before its deadline", ask(100, 208_499), ["hold", 4000]],
    ["the next at its deadline", ask(100, 208_500), ["gone", 60_000]],
    ["the one after at that moment", ask(101, 208_500), ["hold", 4000]],
    ["the one after 1 ms before", ask(101, 208_499), ["early", 1000]],
    ["the next of a stalled rendition", ask(100, 202_000, { ...absent, stalled: true }), ["stalled", 1000]],
    ["stalled, close to its deadline", ask(100, 208_400, { ...absent, stalled: true }), ["stalled", 100]],
    ["two ahead: when its predecessor is due", ask(101, 200_000), ["early", 2500]],
    ["two ahead, predecessor due in less than 1 s", ask(101, 202_000), ["early", 1000]],
    ["far ahead", ask(1000, 200_000), ["early", 1_800_500]],
    ["an hour ahead at most", ask(1_000_000_000_000, 200_000), ["early", 3_600_000]],
    ["nothing published: the first", ask(10, 20_000, { presence: "absent", stalled: false }), ["hold", 4000]],
    [
      "nothing published: the first, before its time",
      ask(10, 3500, { presence: "absent", stalled: false }),
      ["early", 15_000],
    ],
    ["nothing published: the second", ask(11, 20_000, { presence: "absent", stalled: false }), ["early", 2500]],
    ["nothing published for long: given up", ask(10, 28_500, { presence: "absent", stalled: false }), ["gone", 60_000]],
    ["nothing published for long: the next", ask(11, 28_500, { presence: "absent", stalled: false }), ["hold", 4000]],
    [
      "long segments: held only when due soon",
      ask(100, 1_000_000, absent, { duration: rational(10, 1) }),
      ["early", 6500],
    ],
  ])("%s", (_, actual, expected) => {
    expect(actual).toEqual(expected);
  });

  test("the live edge is the newest and liveEdgeSegments behind it", () => {
    const classOf = (n: number) => {
      const decision = decide(template, published, n, 200_000, options);
      return decision.kind === "published" ? decision.class : decision.kind;
    };
    expect([99, 97, 96, 95].map(classOf)).toEqual(["live-edge", "live-edge", "live-edge", "dvr"]);
  });

  const tolerant = { clockToleranceMs: 500 };
  test.each<[string, unknown[], unknown[]]>([
    ["due within the hold and the tolerance", ask(100, 198_000, absent, {}, tolerant), ["hold", 4000]],
    ["1 ms sooner", ask(100, 197_999, absent, {}, tolerant), ["early", 1000]],
    ["predecessor due within the tolerance", ask(101, 202_001, absent, {}, tolerant), ["hold", 4000]],
    ["1 ms sooner", ask(101, 202_000, absent, {}, tolerant), ["early", 1000]],
    ["predecessor overdue by less than the tolerance", ask(101, 202_999, absent, {}, tolerant), ["hold", 4000]],
    ["1 ms later", ask(101, 203_000, absent, {}, tolerant), ["early", 1000]],
    ["predecessor given up within the tolerance", ask(101, 208_000, absent, {}, tolerant), ["hold", 4000]],
    ["1 ms sooner", ask(101, 207_999, absent, {}, tolerant), ["early", 1000]],
    ["three ahead is never held", ask(102, 202_500, absent, {}, tolerant), ["early", 2000]],
    ["the predecessor itself stays held", ask(100, 208_000, absent, {}, tolerant), ["hold", 4000]],
  ])("clocks may differ: %s", (_, actual, expected) => {
    expect(actual).toEqual(expected);
  });

  test.each<[string, unknown[], unknown[]]>([
    [
      "the number after the newest is late, not gone",
      ask(100, 300_000, absent, { dvrWindowMs: 1e9 }, { openFrom: 100 }),
      ["hold", 4000],
    ],
    [
      "held by nobody once stalled",
      ask(100, 300_000, { ...absent, stalled: true }, { dvrWindowMs: 1e9 }, { openFrom: 100 }),
      ["stalled", 1000],
    ],
    ["those behind it are early", ask(101, 300_000, absent, { dvrWindowMs: 1e9 }, { openFrom: 100 }), ["early", 1000]],
    [
      "a rendition that fell behind has its numbers given up",
      ask(100, 300_000, absent, { dvrWindowMs: 1e9 }, { openFrom: 120 }),
      ["gone", 60_000],
    ],
    ["and waits for the open one", ask(120, 300_000, absent, { dvrWindowMs: 1e9 }, { openFrom: 120 }), ["hold", 4000]],
    [
      "once the event has ended deadlines count",
      ask(100, 300_000, absent, { dvrWindowMs: 1e9, last: 110 }, { openFrom: 100 }),
      ["gone", 60_000],
    ],
  ])("a clock that follows the encoder: %s", (_, actual, expected) => {
    expect(actual).toEqual(expected);
  });
});

describe("whatever is asked", () => {
  const scene = fc.record({
    durationMs: fc.integer({ min: 200, max: 20_000 }),
    first: fc.integer({ min: 0, max: 20 }),
    length: fc.option(fc.integer({ min: 0, max: 60 }), { nil: undefined }),
    publishDelayMs: fc.integer({ min: 0, max: 3000 }),
    retryDeadlineMs: fc.integer({ min: 0, max: 10_000 }),
    holdMs: fc.integer({ min: 0, max: 8000 }),
    dvrWindowMs: fc.integer({ min: 20_000, max: 200_000 }),
    published: fc.option(fc.integer({ min: 0, max: 60 }), { nil: undefined }),
    ahead: fc.integer({ min: -10, max: 40 }),
    presence: fc.constantFrom("absent" as const, "masked" as const, "published" as const),
    stalled: fc.boolean(),
    nowMs: fc.integer({ min: 0, max: 400_000 }),
    waited: fc.double({ min: 0, max: 1, noNaN: true }),
    clockToleranceMs: fc.constantFrom(0, 500),
    firmness: fc.constantFrom("settled" as const, "unsettled" as const, "least-bad" as const),
  });

  test("an answer stands until its moment when nothing is published", () => {
    fc.assert(
      fc.property(scene, (s) => {
        const limits = { ...s, ...(s.length === undefined ? {} : { last: s.first + s.length }) };
        const t = fixedTemplate(
          { startTimeMs: 60_000, startNumber: s.first, duration: rational(s.durationMs, 1000) },
          limits,
        );
        const highest = s.published === undefined ? undefined : s.first + s.published;
        const number = Math.max(0, (highest ?? s.first) + (s.presence === "absent" ? s.ahead : -Math.abs(s.ahead)));
        const presence =
          highest === undefined || number === highest ? (highest === undefined ? "absent" : "published") : s.presence;
        const state = { presence, stalled: s.stalled, ...(highest === undefined ? {} : { highest }) };
        const at = (nowMs: number): Decision =>
          decide(t, state, number, nowMs, {
            liveEdgeSegments: 3,
            clockToleranceMs: s.clockToleranceMs,
            firmness: s.firmness,
          });

        const decision = at(s.nowMs);
        expect(decision.untilMs).toBeGreaterThan(s.nowMs);
        if (decision.kind === "hold") {
          expect(retryDeadlineMs(t, number)).toBeGreaterThan(s.nowMs);
          expect(expectedPublishMs(t, number) - s.nowMs).toBeLessThanOrEqual(s.holdMs + s.clockToleranceMs);
          return;
        }
        // Early answers last a second at least, and tolerance may turn them into a hold a little sooner.
        const early = decision.kind === "early";
        if (early && decision.untilMs === s.nowMs + 1000) return;
        const untilMs = early ? Math.max(s.nowMs, decision.untilMs - s.clockToleranceMs) : decision.untilMs;
        const laterMs = s.nowMs + Math.floor((untilMs - s.nowMs) * s.waited * 0.999);
        const later = at(laterMs);
        const status = ({ kind }: Decision) => (kind === "gone" || kind === "out-of-window" ? 410 : kind);
        expect(status(later)).toEqual(status(decision));
      }),
      { numRuns: 2000 },
    );
  });
});
