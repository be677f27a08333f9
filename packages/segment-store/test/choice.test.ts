import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { init, segment } from "./support/media.ts";
import { createEvent, list, type Process, put, Store } from "./support/store.ts";

/** So that the numbers cross the end of a partition. */
const FIRST = 4096 - 70;
const COUNT = 150;
const BEHIND_MS = 100;

let store: Store;
beforeEach(() => {
  store = new Store();
});
afterEach(() => store.close());

test("a copy that was chosen in its grace stays chosen when its number has left memory, on every process", async () => {
  const one = await store.process();
  const event = await createEvent(one, { pipelines: ["a", "b"].map((id) => ({ id, region: "west" })) });
  const served = async (process: Process, number: number) => {
    const reader = await process.reader.rendition(event, "v");
    return (await reader!.look(number, store.nowMs)).candidate?.pipeline;
  };
  for (const [variant, pipeline] of ["a", "b"].entries()) await put(one, event, "v/init.mp4", init(variant), pipeline);
  const inTime: (string | undefined)[] = [];
  for (let number = FIRST; number < FIRST + COUNT; number += 1) {
    store.nowMs += 2000 - BEHIND_MS;
    const atSec = 2 * (number - FIRST);
    await put(one, event, `v/${number}.m4s`, segment({ atSec, payload: "b" }), "b");
    store.nowMs += BEHIND_MS;
    await put(one, event, `v/${number}.m4s`, segment({ atSec, payload: "a" }), "a");
    inTime.push(await served(one, number));
  }
  // Only of the first number had the preferred pipeline published nothing before.
  expect(inTime.slice(0, 2)).toEqual(["b", "a"]);
  expect(new Set(inTime.slice(1))).toEqual(new Set(["a"]));

  store.nowMs += 10_000;
  for (const process of [one, await store.process()]) {
    const later: (string | undefined)[] = [];
    for (let number = FIRST; number < FIRST + COUNT; number += 1) later.push(await served(process, number));
    expect(later).toEqual(inTime);
    const lines = await list(process, event, "v", store.nowMs, 2 * COUNT);
    expect(lines.filter((line) => line.startsWith("#EXT-X-MAP"))).toHaveLength(2);
  }
});
