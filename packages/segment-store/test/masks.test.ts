import { KvError } from "@headwater/kv";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { EventRecord } from "../src/model/index.ts";
import { init, segment } from "./support/media.ts";
import { createEvent, list, numbersOf, type Process, put, Store } from "./support/store.ts";

const PIPELINES = ["a", "b"] as const;
const BY = "alice";

let store: Store;
let one: Process;
let two: Process;
let event: EventRecord;

beforeEach(async () => {
  store = new Store();
  one = await store.process();
  two = await store.process();
  const pipelines = PIPELINES.map((id) => ({ id, region: "west" }));
  event = await createEvent(one, { pipelines });
});
afterEach(() => store.close());

/** Both pipelines put numbers 0 to `to` of both renditions; `b` has inits of its own. */
async function publish(to: number, pipelines: readonly string[] = PIPELINES) {
  for (const rendition of ["v", "w"]) {
    for (const pipeline of pipelines) {
      await put(one, event, `${rendition}/init.mp4`, init(PIPELINES.indexOf(pipeline as "a")), pipeline);
    }
  }
  for (let number = 0; number <= to; number += 1) {
    store.nowMs += 2000;
    for (const rendition of ["v", "w"]) {
      for (const pipeline of pipelines) {
        const payload = `${rendition} ${pipeline}`;
        await put(one, event, `${rendition}/${number}.m4s`, segment({ atSec: 2 * number, payload }), pipeline);
      }
    }
  }
  store.nowMs += 8000;
}

/** The pipeline whose copy is served, else the answer. */
async function served(process: Process, number: number, rendition = "v"): Promise<string> {
  const reader = await process.reader.rendition(event, rendition);
  const { candidate, decision } = await reader!.look(number, store.nowMs);
  return candidate?.pipeline ?? decision.kind;
}

const servedOf = async (process: Process, to: number, rendition = "v") => {
  const all: string[] = [];
  for (let number = 0; number <= to; number += 1) all.push(await served(process, number, rendition));
  return all.join(" ");
};

describe("a mask", () => {
  test("hides its pipeline's copies of its numbers and rendition, on every process at once, until it is removed", async () => {
    await publish(5);
    expect(await servedOf(two, 5)).toBe("a a a a a a");
    const mask = await one.masks.add(event, { pipeline: "a", rendition: "v", from: 2, to: 3, by: BY });
    for (const process of [one, two, await store.process()]) {
      expect(await servedOf(process, 5)).toBe("a a b b a a");
      expect(await servedOf(process, 5, "w")).toBe("a a a a a a");
    }
    store.nowMs += 1;
    const other = await two.masks.add(event, { pipeline: "b", from: 3, to: null, by: BY });
    for (const process of [one, two]) {
      expect(await servedOf(process, 5)).toBe("a a b masked a a");
      expect(await process.masks.list(event)).toEqual([mask, other]);
    }
    await two.masks.remove(event, mask.id, BY);
    for (const process of [one, two, await store.process()]) {
      expect(await servedOf(process, 5)).toBe("a a a a a a");
      expect(await process.masks.list(event)).toEqual([other]);
    }
    await expect(one.masks.remove(event, mask.id, BY)).rejects.toMatchObject({ code: "unknown-mask" });
  });

  test("hides what has long left the tail, and what is still to come", async () => {
    await one.masks.add(event, { pipeline: "a", from: 68, to: null, by: BY });
    await publish(70);
    expect(await served(two, 1)).toBe("a");
    await one.masks.add(event, { pipeline: "a", from: 0, to: 1, by: BY });
    expect([await served(two, 1), await served(two, 2)]).toEqual(["b", "a"]);
    expect([await served(two, 67), await served(two, 68), await served(two, 70)]).toEqual(["a", "b", "b"]);
  });

  test("is refused where it can mean nothing, and beyond a number of them", async () => {
    await publish(0);
    const whole = { pipeline: "a", from: 0, to: 0, by: BY };
    await expect(one.masks.add(event, { ...whole, pipeline: "c" })).rejects.toMatchObject({ code: "unknown-pipeline" });
    await expect(one.masks.add(event, { ...whole, rendition: "x" })).rejects.toMatchObject({
      code: "unknown-rendition",
    });
    for (let n = 0; n < 256; n += 1) await one.masks.add(event, whole);
    await expect(two.masks.add(event, whole)).rejects.toMatchObject({ code: "too-many-masks" });
    const [first] = await two.masks.list(event);
    await two.masks.remove(event, first!.id, BY);
    await two.masks.add(event, whole);
  });
});

describe("what is known of masks", () => {
  test("without notices every answer is from a read of the last 700 ms, while the store can be read", async () => {
    await publish(3);
    const { kv } = store;
    const { range } = kv;
    store.notices.cut();
    expect(await served(two, 2)).toBe("a");
    const mask = await one.masks.add(event, { pipeline: "a", from: 0, to: null, by: BY });
    store.nowMs += 700;
    expect(await served(two, 2)).toBe("b");

    kv.range = () => Promise.reject(new KvError("unavailable", "down, as the test wants it"));
    store.nowMs += 60_000;
    expect(await served(two, 2)).toBe("b");
    kv.range = range;
    await one.masks.remove(event, mask.id, BY);
    store.nowMs += 5000;
    expect(await served(two, 2)).toBe("a");
  });

  test("a process that has never read them answers nothing while it cannot", async () => {
    await publish(3);
    await one.masks.add(event, { pipeline: "a", from: 0, to: null, by: BY });
    const three = await store.process();
    const reader = await three.reader.rendition(event, "v");
    const { kv } = store;
    const { range } = kv;
    kv.range = (namespace, id, query) =>
      id.endsWith("/masks")
        ? Promise.reject(new KvError("unavailable", "down, as the test wants it"))
        : range(namespace, id, query);
    await expect(reader!.look(2, store.nowMs)).rejects.toThrow(KvError);
    kv.range = range;
    store.nowMs += 3000;
    expect(await served(three, 2)).toBe("b");
  });
});

describe("a playlist", () => {
  const lines = (process: Process, windowSec?: number) => list(process, event, "v", store.nowMs, windowSec);

  test("follows the choice with its inits, has gaps where nothing is left, and is as before without the mask", async () => {
    await publish(5);
    const before = await lines(two);
    expect(numbersOf(before)).toBe("0 1 2 3 4 5");
    const maps = async () => (await lines(two)).filter((line) => line.startsWith("#EXT-X-MAP"));
    expect(await maps()).toHaveLength(1);
    const a = await one.masks.add(event, { pipeline: "a", from: 2, to: 3, by: BY });
    expect(numbersOf(await lines(two))).toBe("0 1 2 3 4 5");
    expect(await maps()).toHaveLength(3);
    const b = await one.masks.add(event, { pipeline: "b", from: 3, to: null, by: BY });
    expect(numbersOf(await lines(two))).toBe("0 1 2 -3 4 5");
    for (const { id } of [a, b]) await one.masks.remove(event, id, BY);
    expect(await lines(two)).toEqual(before);
  });

  test("so too far back in its window", async () => {
    await publish(70);
    const whole = async (process: Process) => numbersOf(await lines(process, 1000));
    expect((await whole(two)).startsWith("0 1 2 3 4")).toBe(true);
    for (const pipeline of PIPELINES) await one.masks.add(event, { pipeline, from: 1, to: 2, by: BY });
    for (const process of [one, two]) expect((await whole(process)).startsWith("0 -1 -2 3 4")).toBe(true);
    expect((await whole(two)).endsWith("69 70")).toBe(true);
  });

  test("goes on with gaps at once where every pipeline is masked, and waits for one that is not", async () => {
    await publish(3, ["a"]);
    store.nowMs -= 8000;
    const next = async (number: number) => {
      store.nowMs += 2000;
      await put(one, event, `v/${number}.m4s`, segment({ atSec: 2 * number }));
    };
    const a = await one.masks.add(event, { pipeline: "a", from: 4, to: null, by: BY });
    await next(4);
    expect(numbersOf(await lines(two))).toBe("0 1 2 3");
    const b = await one.masks.add(event, { pipeline: "b", from: 4, to: null, by: BY });
    expect(numbersOf(await lines(two))).toBe("0 1 2 3 -4");
    for (const { id } of [a, b]) await one.masks.remove(event, id, BY);
    await next(5);
    expect(numbersOf(await lines(two))).toBe("0 1 2 3 4 5");
  });
});

test("whatever is masked and removed, in whatever order it is told: no masked copy is served, and any other may be", async () => {
  await publish(5);
  const number = fc.integer({ min: 0, max: 5 });
  const maskOf = fc.record({
    pipeline: fc.constantFrom(...PIPELINES),
    rendition: fc.option(fc.constantFrom("v", "w"), { nil: undefined }),
    from: number,
    to: fc.option(number, { nil: null }),
  });
  const isHit = (mask: { from: number; to: number | null }, at: number) =>
    mask.from <= at && (mask.to === null || at <= mask.to);
  await fc.assert(
    fc.asyncProperty(
      fc.array(maskOf, { maxLength: 5 }),
      fc.array(fc.nat(4), { maxLength: 3 }),
      async (all, removed) => {
        const made = await Promise.all(
          all.map(({ rendition, ...mask }, index) =>
            [one, two][index % 2]!.masks.add(event, { ...mask, ...(rendition && { rendition }), by: BY }),
          ),
        );
        const gone = made.filter((_, index) => removed.includes(index));
        await Promise.all(gone.map(({ id }, index) => [two, one][index % 2]!.masks.remove(event, id, BY)));
        const left = made.filter((mask) => !gone.includes(mask));
        for (const rendition of ["v", "w"]) {
          for (let at = 0; at <= 5; at += 1) {
            const hidden = left.filter((mask) => (mask.rendition ?? rendition) === rendition && isHit(mask, at));
            const free = PIPELINES.filter((pipeline) => !hidden.some((mask) => mask.pipeline === pipeline));
            for (const process of [one, two]) {
              expect(await served(process, at, rendition)).toBe(free[0] ?? "masked");
            }
          }
        }
        for (const { id } of left) await one.masks.remove(event, id, BY);
      },
    ),
    { numRuns: 25 },
  );
});
