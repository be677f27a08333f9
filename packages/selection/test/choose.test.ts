import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { type Candidate, type ChoiceInput, choose } from "../src/index.ts";

const base = {
  order: ["a", "b", "c"],
  previousPublishers: new Set(["a", "b", "c"]),
  graceMs: 200,
  clockToleranceMs: 500,
};

/** `a@100` is pipeline a's upload stamped at 100; then defects, `masked`, or a size as `size=…`. */
function candidate(text: string): Candidate {
  const [name = "", ...marks] = text.split(" ");
  const [pipeline = "", stamp = "", upload = "u"] = name.split("@");
  const size = marks.find((mark) => mark.startsWith("size="));
  return {
    pipeline,
    upload,
    stampMs: Number(stamp),
    sizeBytes: size === undefined ? 1000 : Number(size.slice(5)),
    masked: marks.includes("masked"),
    defects: marks.filter((mark) => mark !== "masked" && mark !== size),
  };
}

function outcome(texts: readonly string[], nowMs: number, changes: Partial<ChoiceInput> = {}): string {
  const candidates = texts.map(candidate);
  const choice = choose({ ...base, candidates, nowMs, ...changes });
  const index = choice.candidate === undefined ? -1 : candidates.indexOf(choice.candidate);
  const firmness = choice.settled ? "settled" : (choice.settlesAtMs ?? "open");
  return `${texts[index]?.split(" ")[0] ?? "-"} ${choice.reason} ${firmness}`;
}

describe("which copy is served", () => {
  test.each<[string, string[], number, Partial<ChoiceInput>, string]>([
    ["nothing", [], 0, {}, "- none open"],
    ["all masked", ["a@100 masked", "b@100 masked"], 9000, {}, "- all-masked open"],
    ["the first in order", ["a@100"], 100, {}, "a@100 first-valid settled"],
    ["the second alone, in grace", ["b@100"], 799, {}, "b@100 first-valid 800"],
    ["the second alone, afterwards", ["b@100"], 800, {}, "b@100 first-valid settled"],
    ["the only pipeline of the event", ["a@100"], 100, { order: ["a"] }, "a@100 first-valid settled"],
    ["the first in order at the end of grace", ["b@100", "a@300"], 300, {}, "a@300 grace settled"],
    ["the first in order 1 ms later", ["b@100", "a@301"], 301, {}, "b@100 first-valid 800"],
    [
      "no grace for one that published neither number before",
      ["b@100", "a@150"],
      300,
      { previousPublishers: new Set(["b"]) },
      "b@100 first-valid 800",
    ],
    [
      "it needs none when it is the earliest",
      ["b@100", "a@100"],
      300,
      { previousPublishers: new Set() },
      "a@100 first-valid settled",
    ],
    ["the second in order gets grace before the third", ["c@100", "b@200"], 300, {}, "b@200 grace 800"],
    ["a masked copy sets no t0", ["a@100 masked", "b@250", "c@460"], 2000, {}, "b@250 first-valid settled"],
    ["a defective copy sets no t0", ["b@100 short", "c@250", "a@450"], 450, {}, "a@450 grace settled"],
    ["a valid copy before a defective first in order", ["a@100 filler", "c@9000"], 9000, {}, "c@9000 first-valid 9700"],
    [
      "of one pipeline the earliest valid",
      ["a@100@x short", "a@400@z", "a@300@y"],
      400,
      {},
      "a@300@y first-valid settled",
    ],
    ["of one stamp the smaller id", ["a@300@z", "a@300@y"], 400, {}, "a@300@y first-valid settled"],
    ["a pipeline that left the event comes last", ["x@100", "b@150"], 400, {}, "b@150 grace 800"],
  ])("%s", (_, candidates, nowMs, changes, expected) => {
    expect(outcome(candidates, nowMs, changes)).toBe(expected);
  });

  test("worst first", () => {
    const worstFirst = [
      "unparseable",
      "no-init",
      "wrong-init",
      "filler",
      "jump;ms=1",
      "gap;ms=9",
      "overlap;ms=9",
      "missing-samples;n=1",
      "short;ms=9",
      "odd",
    ];
    worstFirst.slice(1).forEach((better, index) => {
      const worse = worstFirst[index];
      expect(outcome([`a@100 ${worse} size=9000`, `c@200 ${better} ${better}`], 300)).toBe("c@200 least-bad open");
    });
  });

  test.each<[string, string[], number, Partial<ChoiceInput>, string]>([
    ["the worst of several defects counts", ["a@100 short gap", "b@100 short"], 300, {}, "b@100 least-bad open"],
    ["then the larger", ["a@100 short size=900", "b@100 short;ms=80 size=901"], 300, {}, "b@100 least-bad open"],
    ["then order", ["b@100 short", "a@200 short"], 300, {}, "a@200 least-bad open"],
    ["then stamp and id", ["a@200@x short", "a@100@z short", "a@100@y short"], 300, {}, "a@100@y least-bad open"],
    ["masked ones never", ["a@100 short masked", "b@100 unparseable"], 300, {}, "b@100 least-bad open"],
    ["settled past the retry deadline", ["a@100 short"], 6500, { replaceableUntilMs: 6000 }, "a@100 least-bad settled"],
    ["not 1 ms before", ["a@100 short"], 6499, { replaceableUntilMs: 6000 }, "a@100 least-bad 6500"],
    [
      "gives way at the deadline",
      ["a@100 short", "b@6000"],
      9000,
      { replaceableUntilMs: 6000 },
      "b@6000 first-valid settled",
    ],
    [
      "not after it",
      ["a@100 short", "b@6001", "c@7000 odd"],
      9000,
      { replaceableUntilMs: 6000 },
      "a@100 least-bad settled",
    ],
    ["all too late: as ever", ["b@7000", "a@7100"], 9000, { replaceableUntilMs: 6000 }, "a@7100 grace settled"],
    [
      "all too late: gives way in grace",
      ["a@7000 short", "b@7200"],
      9000,
      { replaceableUntilMs: 6000 },
      "b@7200 first-valid settled",
    ],
    [
      "all too late: not after it",
      ["a@7000 short", "b@7201"],
      9000,
      { replaceableUntilMs: 6000 },
      "a@7000 least-bad settled",
    ],
    [
      "all too late: settles after grace",
      ["a@7000 short"],
      7699,
      { replaceableUntilMs: 6000 },
      "a@7000 least-bad 7700",
    ],
  ])("least bad: %s", (_, candidates, nowMs, changes, expected) => {
    expect(outcome(candidates, nowMs, changes)).toBe(expected);
  });
});

describe("whatever the candidates", () => {
  const candidates = fc.uniqueArray(
    fc.record({
      pipeline: fc.constantFrom("a", "b", "c", "x"),
      upload: fc.constantFrom("1", "2", "3", "4"),
      stampMs: fc.integer({ min: 0, max: 20 }).map((n) => n * 50),
      sizeBytes: fc.integer({ min: 1, max: 3 }),
      defects: fc.oneof(
        { weight: 3, arbitrary: fc.constant([]) },
        { weight: 1, arbitrary: fc.subarray(["short", "gap;ms=5", "filler"]) },
      ),
      masked: fc.boolean(),
    }),
    { maxLength: 8, selector: ({ pipeline, upload }) => pipeline + upload },
  );
  const previousPublishers = fc.subarray(["a", "b", "c"]).map((list) => new Set(list));

  test("the order in which they are given means nothing", () => {
    const scene = candidates.chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
    );
    fc.assert(
      fc.property(scene, previousPublishers, fc.integer({ min: 0, max: 3000 }), ([list, shuffled], previous, nowMs) => {
        const input = { ...base, previousPublishers: previous, replaceableUntilMs: 600, nowMs };
        expect(choose({ ...input, candidates: shuffled })).toEqual(choose({ ...input, candidates: list }));
      }),
    );
  });

  test("a settled choice outlives every copy that comes after it, once stamps are in order", () => {
    fc.assert(
      fc.property(candidates, previousPublishers, fc.integer({ min: 0, max: 3000 }), (list, previous, nowMs) => {
        const input = { ...base, previousPublishers: previous, replaceableUntilMs: 600, clockToleranceMs: 0 };
        const seen = choose({ ...input, candidates: list.filter(({ stampMs }) => stampMs <= nowMs), nowMs });
        if (!seen.settled) return;
        expect(choose({ ...input, candidates: list, nowMs: 10_000 }).candidate).toEqual(seen.candidate);
      }),
      { numRuns: 2000 },
    );
  });
});
