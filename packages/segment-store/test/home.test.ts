import { type HomeKv, type Kv, KvError, type Row } from "@headwater/kv";
import type { EventRecord } from "@headwater/segment-store/model";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { candidateOf, parseId } from "../src/model/index.ts";
import { init, segment } from "./support/media.ts";
import { createEvent, get, list, numbersOf, type Process, put, Store } from "./support/store.ts";

const DEADLINE_MS = 500 + 6000;

/** Publishing goes on in one datacenter; a process in another reads what has arrived there. */
describe("a process that reads another datacenter than is written to", () => {
  let store: Store;
  let near: Process;
  let far: Process;
  let isCut: boolean;
  let homeReads: number;
  /** What has not arrived yet: rows by number and pipeline (`3/a`), chunks by their order. */
  let late: { readonly rows: Set<string>; chunks: boolean };

  beforeEach(async () => {
    store = new Store();
    [isCut, homeReads, late] = [false, 0, { rows: new Set(), chunks: false }];
    const { kv } = store;
    const ask = <T>(question: () => Promise<T>): Promise<T> => {
      homeReads += 1;
      return isCut ? Promise.reject(new KvError("unavailable", "the home is cut off")) : question();
    };
    const home: HomeKv = {
      range: (...query) => ask(() => kv.range(...query)),
      readChunk: (...chunk) => ask(() => kv.readChunk(...chunk)),
    };
    const arrived: Kv = {
      ...kv,
      range: async (...query) => {
        const { rows, more } = await kv.range(...query);
        return { rows: rows.filter((row) => !late.rows.has(nameOf(row))), more };
      },
      readChunk: async (...chunk) => (late.chunks ? undefined : kv.readChunk(...chunk)),
    };
    near = await store.process();
    far = await store.process(undefined, { kv: arrived, home });
  });
  afterEach(() => store.close());

  const body = (number: number, pipeline = "a") => segment({ atSec: number * 2, payload: `${pipeline}${number}` });

  async function publish(event: EventRecord, numbers: readonly number[], pipelines = ["a"]): Promise<void> {
    for (const pipeline of pipelines) await put(near, event, "v/init.mp4", init(), pipeline);
    for (const number of numbers) {
      store.nowMs += 2000;
      for (const pipeline of pipelines) await put(near, event, `v/${number}.m4s`, body(number, pipeline), pipeline);
    }
  }

  async function seen(process: Process, event: EventRecord, number: number) {
    await process.catalog.refreshEvents();
    const reader = (await process.reader.rendition(event, "v"))!;
    const { decision, candidate } = await reader.look(number, store.nowMs);
    const keptMs = "untilMs" in decision ? decision.untilMs - store.nowMs : 0;
    return { kind: decision.kind, keptMs, pipeline: candidate?.pipeline };
  }

  test("what arrives is served from there, and the home is not asked", async () => {
    const event = await createEvent(near);
    await publish(event, [0, 1, 2]);
    store.nowMs += 2 * DEADLINE_MS;
    for (const number of [0, 1, 2]) {
      expect((await get(far, event, "v", number, store.nowMs))?.equals(body(number))).toBe(true);
    }
    expect(numbersOf(await list(far, event, "v", store.nowMs))).toBe("0 1 2");
    expect(homeReads).toBe(0);
  });

  test("a number is gone only once the home says so; one that is late is served", async () => {
    const event = await createEvent(near);
    await publish(event, [0, 1, 3, 4]);
    late.rows.add("1/a");
    const early = await seen(far, event, 1);
    expect(early.kind).toBe("hole");
    expect(early.keptMs).toBeLessThanOrEqual(1000);
    store.nowMs += 2 * DEADLINE_MS;
    isCut = true;
    await expect(seen(far, event, 1)).rejects.toThrow(KvError);
    await expect(seen(far, event, 2)).rejects.toThrow(KvError);
    isCut = false;
    expect((await get(far, event, "v", 1, store.nowMs))?.equals(body(1))).toBe(true);
    expect(await seen(far, event, 1)).toMatchObject({ kind: "published" });
    expect(await seen(far, event, 2)).toMatchObject({ kind: "gone", keptMs: 60_000 });
    const asked = homeReads;
    for (let again = 0; again < 5; again += 1) await seen(far, event, 2);
    expect(homeReads).toBe(asked);
  });

  test("a playlist's gap is for good only once the home says so, also far back in its window", async () => {
    const event = await createEvent(near);
    await publish(
      event,
      Array.from({ length: 100 }, (_, number) => number).filter((number) => number !== 95 && number !== 5),
    );
    for (const number of [4, 97]) late.rows.add(`${number}/a`);
    store.nowMs += 2 * DEADLINE_MS;
    isCut = true;
    const listed = async (windowSec: number) => numbersOf(await list(far, event, "v", store.nowMs, windowSec));
    expect(await listed(14)).toBe("93 94 -95 96 -97 98 99");
    expect((await listed(400)).startsWith("0 1 2 3 -4 -5 6")).toBe(true);
    isCut = false;
    expect(await listed(14)).toBe("93 94 -95 96 97 98 99");
    store.nowMs += 30_000;
    expect((await listed(400)).startsWith("0 1 2 3 4 -5 6")).toBe(true);
    expect(await seen(far, event, 4)).toMatchObject({ kind: "published" });
  });

  test("of several pipelines none is chosen for good before the home was asked", async () => {
    const pipelines = [
      { id: "a", region: "west" },
      { id: "b", region: "west" },
    ];
    const event = await createEvent(near, { pipelines });
    await publish(event, [0, 1, 2], ["a", "b"]);
    late.rows.add("2/a");
    store.nowMs += 1000;
    expect(await seen(near, event, 2)).toMatchObject({ pipeline: "a", keptMs: expect.any(Number) });
    expect(await seen(far, event, 2)).toMatchObject({ pipeline: "b", keptMs: 2000 });
    store.nowMs += 2 * DEADLINE_MS;
    isCut = true;
    expect(await seen(far, event, 2)).toMatchObject({ pipeline: "b", keptMs: 2000 });
    await new Promise(setImmediate);
    isCut = false;
    await seen(far, event, 2);
    await new Promise(setImmediate);
    const settled = await seen(far, event, 2);
    expect(settled.pipeline).toBe("a");
    expect(settled.keptMs).toBeGreaterThan(3_600_000);
  });

  test("bytes that have not arrived come from the home; without it they are not there for now", async () => {
    const event = await createEvent(near);
    await publish(event, [0]);
    late.chunks = true;
    isCut = true;
    await expect(get(far, event, "v", 0, store.nowMs)).rejects.toThrow(KvError);
    isCut = false;
    expect((await get(far, event, "v", 0, store.nowMs))?.equals(body(0))).toBe(true);
  });

  test("before what is the first number here, 404 holds for a second", async () => {
    const event = await createEvent(near);
    await publish(event, [7, 8]);
    store.nowMs += 2 * DEADLINE_MS;
    expect(await seen(near, event, 6)).toMatchObject({ kind: "before-first", keptMs: 60_000 });
    expect(await seen(far, event, 6)).toMatchObject({ kind: "before-first", keptMs: 1000 });
  });
});

function nameOf(row: Row): string {
  if (parseId(row.id)?.bucket === undefined) return "";
  const { number, pipeline } = candidateOf(row);
  return `${number}/${pipeline}`;
}
