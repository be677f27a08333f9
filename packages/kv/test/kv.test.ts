import {
  keyAfter,
  keyBefore,
  MAX_KEY_BYTES,
  memoryKv,
  newNonce,
  nextToken,
  nonceTimeMs,
  PageSizer,
  shouldEndEarly,
} from "@headwater/kv";
import { runKvContract } from "@headwater/kv/contract";
import { describe, expect, test } from "@jest/globals";

runKvContract("memoryKv", {
  make: async () => {
    const kv = memoryKv();
    return { kv, another: async () => kv, close: async () => {} };
  },
});

describe("keys next to a key", () => {
  test.each(["", "00", "ff", "01ff", "ff00", "0000"])("after %s comes the same with 00", (text) => {
    expect(keyAfter(Buffer.from(text, "hex")).toString("hex")).toBe(`${text}00`);
  });

  test("before a key that ends with 00 comes its prefix; before the empty key nothing", () => {
    expect(keyBefore(Buffer.of(5, 0))).toEqual(Buffer.of(5));
    expect(keyBefore(Buffer.of(0))).toEqual(Buffer.alloc(0));
    expect(keyBefore(Buffer.alloc(0))).toBeUndefined();
  });

  test("before any other comes the longest key that is smaller", () => {
    const before = keyBefore(Buffer.of(5, 1))!;
    expect(before).toHaveLength(MAX_KEY_BYTES);
    expect(before.subarray(0, 3)).toEqual(Buffer.of(5, 0, 0xff));
    expect(Buffer.compare(before, Buffer.of(5, 1))).toBe(-1);
  });
});

describe("nonces and tokens", () => {
  test("a nonce is 32 hex digits, says when it was made, and is not made twice", () => {
    const nowMs = 1_790_000_000_123;
    expect(newNonce(nowMs)).toMatch(/^[0-9a-f]{32}$/);
    expect(nonceTimeMs(newNonce(nowMs))).toBe(nowMs);
    expect(newNonce(nowMs)).not.toBe(newNonce(nowMs));
  });

  test("a token is now in µs, but always behind the one replaced", () => {
    expect(nextToken(1000.5)).toBe(1_000_500);
    expect(nextToken(1000, 5_000_000)).toBe(5_000_001);
  });
});

describe("pages by bytes", () => {
  test("rows asked for follow the sizes of those seen, within bounds", () => {
    const sizer = new PageSizer({ firstRows: 32, maxRows: 1000 });
    expect(sizer.rowsFor(1_000_000)).toBe(32);
    sizer.learn(0, 0);
    expect(sizer.rowsFor(1_000_000)).toBe(32);
    sizer.learn(10, 100_000);
    expect([1_000_000, 5_000, 0].map((bytes) => sizer.rowsFor(bytes))).toEqual([101, 2, 1]);
    sizer.learn(100, 200_000);
    expect(sizer.rowsFor(600_000)).toBe(101);
    for (let page = 0; page < 20; page += 1) sizer.learn(50, 0);
    expect(sizer.rowsFor(1_000_000)).toBe(1000);
  });

  test("a page ends where one more part like the last would miss the target", () => {
    expect(shouldEndEarly(50, 20, 30)).toBe(false);
    expect(shouldEndEarly(50, 21, 30)).toBe(true);
    expect(shouldEndEarly(undefined, 10_000, 10_000)).toBe(false);
  });
});
