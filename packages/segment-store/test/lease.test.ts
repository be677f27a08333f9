import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import { Lease } from "../src/catalog/lease.ts";

const T0 = 1_000_000;

/** A store that is read through a lease; reads last until they are let go, where the test wants that. */
class Store {
  nowMs = T0;
  toldUntilMs = 0;
  hasRoom = true;
  isDown = false;
  reads: string[] = [];
  hold: Promise<void> | undefined;
  readonly lease = new Lease({
    completeUntilMs: () => this.toldUntilMs,
    hasRoom: () => this.hasRoom,
    read: async (background) => {
      this.reads.push(background ? "background" : "in earnest");
      await this.hold;
      if (this.isDown) throw new Error("down");
    },
  });

  /** Whether an answer may be given at once, and what is read for it. */
  async asked(): Promise<[boolean, string[]]> {
    this.reads = [];
    const isHeld = this.lease.isHeld(this.nowMs);
    await settle();
    return [isHeld, this.reads];
  }
}

const settle = async () => {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
};

let store: Store;
beforeEach(async () => {
  store = new Store();
  await store.lease.ensure(T0);
});
afterEach(() => {
  jest.useRealTimers();
});

describe("without notices", () => {
  test("being asked keeps it young; after a while unasked, or a pause, the next answer waits for a read", async () => {
    expect(await store.asked()).toEqual([true, []]);
    store.nowMs = T0 + 400;
    expect(await store.asked()).toEqual([true, ["in earnest"]]);
    store.nowMs = T0 + 1099;
    expect(await store.asked()).toEqual([true, ["in earnest"]]);
    store.nowMs = T0 + 9000;
    expect(await store.asked()).toEqual([false, ["in earnest"]]);
    expect(await store.asked()).toEqual([true, []]);
    store.nowMs = T0 + 20_000;
    store.reads = [];
    await store.lease.ensure(store.nowMs);
    expect(store.reads).toEqual(["in earnest"]);
  });

  test("a read that began before a pause is not enough after it", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    store.hold = promise;
    store.nowMs = T0 + 400;
    expect(await store.asked()).toEqual([true, ["in earnest"]]);
    store.nowMs = T0 + 5000;
    const ensured = store.lease.ensure(store.nowMs);
    resolve();
    await ensured;
    expect(store.reads).toHaveLength(2);
    expect(store.lease.isHeld(store.nowMs)).toBe(true);
  });
});

describe("with notices", () => {
  test("they vouch for it for 10 s; reads go on in the background where there is room, and in earnest after 5 s", async () => {
    const pass = (byMs: number) => {
      store.nowMs += byMs;
      store.toldUntilMs = store.nowMs;
      return store.asked();
    };
    expect(await pass(400)).toEqual([true, ["background"]]);
    expect(await pass(4999)).toEqual([true, ["background"]]);
    store.hasRoom = false;
    expect(await pass(4999)).toEqual([true, []]);
    expect(await pass(1)).toEqual([true, ["in earnest"]]);
    expect(await pass(10_000)).toEqual([false, ["in earnest"]]);
  });

  test("no answer waits for a store that goes out of reach meanwhile, even if it hangs", async () => {
    jest.useFakeTimers({ doNotFake: ["nextTick", "queueMicrotask", "setImmediate"] });
    store.hold = new Promise(() => {});
    for (let passedMs = 0; passedMs < 30_000; passedMs += 100) {
      store.nowMs += 100;
      store.toldUntilMs = store.nowMs;
      await jest.advanceTimersByTimeAsync(100);
      expect(store.lease.isHeld(store.nowMs)).toBe(true);
    }
  });

  test("after a gap, or silence, they do not", async () => {
    store.nowMs = T0 + 1000;
    store.toldUntilMs = store.nowMs - 500;
    expect(await store.asked()).toEqual([true, ["background"]]);
    store.lease.gap();
    store.nowMs = store.toldUntilMs = T0 + 2000;
    expect(await store.asked()).toEqual([false, ["in earnest"]]);
    store.nowMs = store.toldUntilMs = T0 + 3000;
    expect(await store.asked()).toEqual([true, ["background"]]);
    store.nowMs = T0 + 4001;
    expect(await store.asked()).toEqual([false, ["in earnest"]]);
  });
});

describe("with the store out of reach", () => {
  test("what is known has to do, after two reads in a row have failed, for as long as they do", async () => {
    store.isDown = true;
    store.nowMs = T0 + 5000;
    store.reads = [];
    await store.lease.ensure(store.nowMs);
    expect(store.reads).toHaveLength(2);
    expect(await store.asked()).toEqual([true, []]);
    store.nowMs += 400;
    expect(await store.asked()).toEqual([true, ["in earnest"]]);
    // It has not been asked for a while: the store may be back.
    store.nowMs += 5000;
    expect(await store.asked()).toEqual([false, ["in earnest"]]);
    store.isDown = false;
    store.nowMs += 5000;
    await store.lease.ensure(store.nowMs);
    store.nowMs += 800;
    expect(await store.asked()).toEqual([false, ["in earnest"]]);
  });

  test("a store that takes more than a second counts as out of reach", async () => {
    jest.useFakeTimers({ doNotFake: ["nextTick", "queueMicrotask", "setImmediate"] });
    store.hold = new Promise(() => {});
    store.nowMs = T0 + 5000;
    let isEnsured = false;
    const ensured = store.lease.ensure(store.nowMs).then(() => {
      isEnsured = true;
    });
    await jest.advanceTimersByTimeAsync(1999);
    expect(isEnsured).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    await ensured;
  });

  test("nothing is answered from a view that was never read", async () => {
    const fresh = new Store();
    fresh.isDown = true;
    await expect(fresh.lease.ensure(T0)).rejects.toThrow("down");
    await expect(fresh.lease.ensure(T0)).rejects.toThrow("down");
    expect(fresh.reads).toHaveLength(2);
    expect(fresh.lease.isHeld(T0)).toBe(false);
  });
});
