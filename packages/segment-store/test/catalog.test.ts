import { type Kv, memoryKv } from "@headwater/kv";
import { memoryNotices } from "@headwater/notices";
import { afterEach, expect, jest, test } from "@jest/globals";
import { Catalog } from "../src/catalog/index.ts";
import type { EventRecord } from "../src/model/index.ts";
import { createEvent, Store } from "./support/store.ts";

const POLL_MS = 500;

afterEach(() => {
  jest.useRealTimers();
});

/** A kv that says under which name it was read. */
function counted(name: string, reads: string[], kv = memoryKv()): Kv {
  return {
    ...kv,
    range: (...args) => {
      reads.push(name);
      return kv.range(...args);
    },
  };
}

test("events that notices have told of are read again in the background, where there is room, and in earnest after 5 s", async () => {
  jest.useFakeTimers({ doNotFake: ["setImmediate", "nextTick", "queueMicrotask"] });
  let nowMs = 1_000_000;
  let hasRoom = true;
  const reads: string[] = [];
  const notices = memoryNotices({ nowMs: () => nowMs });
  const background = { kv: counted("background", reads), hasRoom: () => hasRoom };
  const catalog = new Catalog({ kv: counted("in earnest", reads), background, notices, nowMs: () => nowMs });
  const polled = async () => {
    reads.length = 0;
    nowMs += POLL_MS;
    await jest.advanceTimersByTimeAsync(POLL_MS);
    return [...reads];
  };
  await catalog.start();
  expect(reads).toEqual(["in earnest"]);
  expect(await polled()).toEqual(["background"]);

  hasRoom = false;
  for (let passedMs = POLL_MS; passedMs < 5000; passedMs += POLL_MS) expect(await polled()).toEqual([]);
  expect(await polled()).toEqual(["in earnest"]);
  expect(await polled()).toEqual([]);

  // What was lost nobody has told.
  notices.mend();
  expect(await polled()).toEqual(["in earnest"]);
  expect(await polled()).toEqual([]);
  notices.cut();
  expect(await polled()).toEqual(["in earnest"]);
  hasRoom = true;
  expect(await polled()).toEqual(["in earnest"]);
  await catalog.close();
});

test("an event that does not suit is looked for in the store once more, however lately that was read", async () => {
  const store = new Store();
  const near = await store.process();
  const reads: string[] = [];
  const catalog = new Catalog({
    kv: counted("read", reads, store.kv),
    notices: memoryNotices(),
    nowMs: () => store.nowMs,
  });
  await catalog.start();
  const find = async (suits: (event: EventRecord) => boolean) => {
    store.nowMs += 249;
    reads.length = 0;
    const event = await catalog.find("derby", suits);
    return { reads: reads.length, tokens: event?.pipelines[0]?.tokens.length };
  };

  await createEvent(near);
  expect(await find(() => true)).toEqual({ reads: 1, tokens: 1 });
  expect(await find(() => true)).toEqual({ reads: 0, tokens: 1 });
  await near.events.rotateToken("derby", "a", 60_000);
  expect(await find((event) => event.pipelines[0]!.tokens.length === 2)).toEqual({ reads: 1, tokens: 2 });
  expect(await find(() => false)).toEqual({ reads: 1, tokens: 2 });
  await Promise.all([catalog.close(), store.close()]);
});
