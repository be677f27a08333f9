import { RETENTION_MS } from "@headwater/kv";
import { ProblemError } from "@headwater/service-kit";
import { describe, expect, test } from "@jest/globals";
import { changed } from "../src/changed.ts";
import { eventJson } from "../src/event-json.ts";
import { endSchema, eventChangeSchema, newEventSchema, tokenSchema } from "../src/schema.ts";
import { validate } from "../src/validate.ts";

const schema = newEventSchema("west");
const parse = (body: unknown) => validate(schema, body);
const record = (body: object) => ({ ...parse(body), uid: "u", version: 3, createdAtMs: 0, pipelines: [] });

/** The fields that a 422 names. */
function wrong(action: () => unknown): string[] {
  try {
    action();
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    expect(error).toMatchObject({ status: 422, code: "invalid-field" });
    const errors = error.extra.errors as { field: string }[];
    expect(error.message).toContain(errors[0]!.field);
    return errors.map(({ field }) => field);
  }
  return [];
}

test("only the id is required; the rest are the contract's defaults", () => {
  expect(parse({ id: "derby" })).toEqual({
    id: "derby",
    timeline: "first-segment",
    segmentDuration: { num: 2, den: 1 },
    pipelines: [{ id: "a", region: "west" }],
    renditions: [],
    publishDelayMs: 500,
    holdMs: 4000,
    retryDeadlineMs: 6000,
    graceMs: 200,
    dvrWindowMs: 14_400_000,
    retention: "6h",
    liveEdgeSegments: 3,
    decodeTime: "free",
  });
});

describe("what a new event may be", () => {
  test.each<[string, object, object]>([
    ["a rational duration", { segmentDuration: "60060/30000" }, { segmentDuration: { num: 1001, den: 500 } }],
    ["the shortest", { segmentDuration: 200 }, { segmentDuration: { num: 1, den: 5 } }],
    ["the longest", { segmentDuration: 20_000 }, { segmentDuration: { num: 20, den: 1 } }],
    ["no hold", { holdMs: 0 }, { holdMs: 0 }],
    ["a pipeline without a region", { pipelines: [{ id: "b" }] }, { pipelines: [{ id: "b", region: "west" }] }],
    ["a window within a short retention", { retention: "1h" }, { dvrWindowMs: RETENTION_MS["1h"] }],
    ["a window as long as the retention", { retention: "7d", dvrWindowMs: 604_800_000 }, { dvrWindowMs: 604_800_000 }],
    [
      "a fixed start, with milliseconds and an offset",
      { timeline: "fixed", startTime: "2026-03-01T13:00:00.250+01:00" },
      { startTimeMs: Date.parse("2026-03-01T12:00:00.250Z"), startNumber: 1 },
    ],
    [
      "a fixed start of number 0",
      { timeline: "fixed", startTime: "2026-03-01T12:00:00Z", startNumber: 0 },
      { startNumber: 0 },
    ],
    ["64 renditions", { renditions: Array.from({ length: 64 }, (_, i) => `r${i}`) }, {}],
    ["rendition names of all kinds", { renditions: ["720p", "Audio_en.v1-a"] }, {}],
  ])("%s", (_what, body, expected) => {
    expect(parse({ id: "derby", ...body })).toMatchObject(expected);
  });

  test.each<[string[], unknown]>([
    [["id"], { id: undefined }],
    [["id"], { id: "Derby" }],
    [["id"], { id: "-derby" }],
    [["id"], { id: "a".repeat(65) }],
    [["timeline"], { timeline: "wall-clock" }],
    [["segmentDuration"], { segmentDuration: 199 }],
    [["segmentDuration"], { segmentDuration: 20_001 }],
    [["segmentDuration"], { segmentDuration: "2" }],
    [["segmentDuration"], { segmentDuration: null }],
    [["segmentDuration"], { segmentDuration: "1/0" }],
    [["holdMs"], { holdMs: 8001 }],
    [["holdMs"], { holdMs: 1.5 }],
    [["holdMs", "graceMs"], { holdMs: "4000", graceMs: -1 }],
    [["retention"], { retention: "2h" }],
    [["dvrWindowMs"], { retention: "1h", dvrWindowMs: 3_600_001 }],
    [["dvrWindowMs"], { dvrWindowMs: 0 }],
    [["pipelines"], { pipelines: [] }],
    [["pipelines"], { pipelines: Array.from({ length: 9 }, (_, i) => ({ id: `p${i}` })) }],
    [["pipelines"], { pipelines: [{ id: "a" }, { id: "a" }] }],
    [["pipelines.0.id"], { pipelines: [{ id: "A" }] }],
    [["pipelines.0.token"], { pipelines: [{ id: "a", token: "x" }] }],
    [["renditions"], { renditions: Array.from({ length: 65 }, (_, i) => `r${i}`) }],
    [["renditions.0"], { renditions: ["../720p"] }],
    [["renditions"], { renditions: ["720p", "720p"] }],
    [["startTime"], { timeline: "fixed" }],
    [["startTime"], { startTime: "2026-03-01T12:00:00Z" }],
    [["startTime"], { timeline: "fixed", startTime: "2026-02-30T12:00:00Z" }],
    [["startTime"], { timeline: "fixed", startTime: "2026-03-01T12:00Z" }],
    [["startTime"], { timeline: "fixed", startTime: "2026-03-01T12:00:00" }],
    [["startTime"], { timeline: "fixed", startTime: 1_772_366_400_000 }],
    [["startNumber"], { startNumber: -1 }],
    [["decodeTime"], { decodeTime: "epoche" }],
    [["version", "uid"], { version: 1, uid: "x" }],
    [["__proto__"], JSON.parse('{"__proto__": {"deleted": true}}')],
  ])("422 names %j", (fields, body) => {
    const whole = Object.defineProperties({ id: "derby" }, Object.getOwnPropertyDescriptors(body));
    expect(wrong(() => parse(whole))).toEqual(fields);
  });

  test.each([[], "derby", 7, null])("a body that is no object: %j", (body) => {
    expect(wrong(() => parse(body))).toEqual([""]);
  });
});

describe("what may change", () => {
  const event = record({ id: "derby", renditions: ["720p"], retention: "1h", startNumber: 5 });
  const change = (body: unknown, isPublished = false) => changed(event, validate(eventChangeSchema, body), isPublished);

  test("limits, the window within the retention, more renditions, and the start while nothing is published", () => {
    const body = { holdMs: 0, graceMs: 1, dvrWindowMs: 3_600_000, renditions: ["1080p", "720p"], startNumber: 9 };
    expect(change(body)).toEqual(body);
    expect(change({ startNumber: 5 }, true)).toEqual({ startNumber: 5 });
    expect(change({})).toEqual({});
  });

  test.each<[string[], object]>([
    [["id"], { id: "other" }],
    [["timeline", "retention"], { timeline: "epoch", retention: "7d" }],
    [
      ["segmentDuration", "pipelines", "decodeTime", "startTime"],
      { segmentDuration: 1, pipelines: [], decodeTime: "free", startTime: "" },
    ],
    [["colour"], { colour: "blue" }],
    [["dvrWindowMs"], { dvrWindowMs: 3_600_001 }],
    [["renditions"], { renditions: ["1080p"] }],
    [["startNumber"], { startNumber: 6 }],
    [["holdMs"], { holdMs: null }],
  ])("422 names %j", (fields, body) => {
    expect(wrong(() => change(body, true))).toEqual(fields);
  });
});

test("end and tokens", () => {
  expect(validate(endSchema, {})).toEqual({});
  expect(wrong(() => validate(endSchema, { lastNumber: -1, at: 3 }))).toEqual(["lastNumber", "at"]);
  expect(validate(tokenSchema, { pipeline: "a" })).toEqual({ pipeline: "a", overlapMs: 600_000 });
  expect(wrong(() => validate(tokenSchema, { overlapMs: -1 }))).toEqual(["pipeline", "overlapMs"]);
});

test("long names of a client do not come back whole", () => {
  const [field] = wrong(() => parse({ id: "derby", ["x".repeat(60_000)]: 1 }));
  expect(field!.length).toBeLessThan(150);
});

test("an event as JSON: durations, times and the end, and never a token's hash", () => {
  const fixed = { timeline: "fixed", startTime: "2026-03-01T13:00:00.250+01:00" };
  const event = {
    ...record({ id: "derby", segmentDuration: "60060/29970", ...fixed }),
    pipelines: [{ id: "a", region: "west", tokens: [{ sha256: "5ecret" }] }],
    end: { atMs: 1000, lastNumber: 7 },
  };
  const shown = JSON.parse(JSON.stringify(eventJson(event, "http://publish:7101")));
  expect(shown).toMatchObject({
    version: 3,
    createdAt: "1970-01-01T00:00:00.000Z",
    segmentDuration: "2002/999",
    startTime: "2026-03-01T12:00:00.250Z",
    startNumber: 1,
    pipelines: [{ id: "a", region: "west", publishUrl: "http://publish:7101/publish/derby/a/" }],
    end: { at: "1970-01-01T00:00:01.000Z", lastNumber: 7 },
  });
  expect(JSON.stringify(shown)).not.toMatch(/5ecret|token/i);
  expect(eventJson({ ...event, end: { atMs: 0, lastNumber: -1 } }, "").end?.lastNumber).toBeNull();
  expect(eventJson(record({ id: "d", segmentDuration: "60060/30000" }), "").segmentDuration).toBe(2002);
});
