import { type Kv, memoryKv } from "@headwater/kv";
import { memoryNotices } from "@headwater/notices";
import { afterEach, expect, jest, test } from "@jest/globals";
import { Catalog } from "../src/catalog/index.ts";

const POLL_MS = 500;

afterEach(() => {
  jest.useRealTimers();
});

/** A kv that says under which name it was read. */
function counted(name: string, reads: string[]): Kv {
  const kv = memoryKv();
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
