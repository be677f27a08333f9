import { describe, expect, test } from "@jest/globals";
import { inTime } from "../src/deadline.ts";
import { HedgeBudget, Hedging, LatencyWindow } from "../src/hedging.ts";

const fill = (window: LatencyWindow, count: number, latencyMs: number) => {
  for (let i = 0; i < count; i += 1) window.add(latencyMs);
  return window.delayMs;
};

describe("the delay of a hedge", () => {
  test("is what nearly all recent requests stay below, within bounds", () => {
    const window = new LatencyWindow();
    expect(window.delayMs).toBe(150);
    expect(fill(window, 31, 40)).toBe(150);
    expect(fill(window, 1, 40)).toBe(40);
    // One in 32 is slower than 97 % only just.
    for (let i = 0; i < 256; i += 1) window.add(i % 50 === 0 ? 100 : 40);
    expect(window.delayMs).toBe(40);
    for (let i = 0; i < 256; i += 1) window.add(i % 20 === 0 ? 100 : 40);
    expect(window.delayMs).toBe(100);
    expect(fill(window, 256, 0.5)).toBe(15);
    expect(fill(window, 256, 2000)).toBe(150);
  });
});

describe("the budget", () => {
  test("lets 5 % of requests through once the first burst is spent, and pays debts first", () => {
    const budget = new HedgeBudget();
    const spendAll = () => {
      let spent = 0;
      for (; budget.isOpen; spent += 1) budget.spend();
      return spent;
    };
    expect(spendAll()).toBe(32);
    for (let i = 0; i < 1000; i += 1) budget.earn();
    expect(spendAll()).toBeGreaterThanOrEqual(31);
    for (let i = 0; i < 4; i += 1) budget.spend();
    for (let i = 0; i < 60; i += 1) budget.earn();
    expect(budget.isOpen).toBe(false);
    for (let i = 0; i < 60; i += 1) budget.earn();
    expect(budget.isOpen).toBe(true);
  });

  test("of 10 000 requests that are all late, 5 % and the burst are hedged, each of them once", () => {
    const hedged: string[] = [];
    const hedging = new Hedging((kind) => hedged.push(kind));
    for (let i = 0; i < 10_000; i += 1) {
      const plan = hedging.plan("write");
      if (plan.nextExecution() > 0) expect([plan.nextExecution(), plan.nextExecution()]).toEqual([-1, -1]);
    }
    expect(hedged.length).toBeGreaterThan(400);
    expect(hedged.length).toBeLessThanOrEqual(532);
    expect(new Set(hedged)).toEqual(new Set(["write"]));
  });
});

test("kinds learn apart, and a hedge counts as a slow request", () => {
  const hedging = new Hedging(() => {});
  for (let i = 0; i < 64; i += 1) hedging.answered("read", 20);
  expect(hedging.plan("read").nextExecution()).toBe(20);
  expect(hedging.plan("write").nextExecution()).toBe(150);
  for (let i = 0; i < 16; i += 1) {
    const plan = hedging.plan("read");
    plan.nextExecution();
    plan.nextExecution();
    hedging.answered("read", 20);
  }
  expect(hedging.plan("read").nextExecution()).toBe(40);
});

describe("an operation that fails", () => {
  const failing = (times: number, error: unknown) => {
    let calls = 0;
    let retries = 0;
    const operation = async () => {
      calls += 1;
      if (calls <= times) throw error;
      return "done";
    };
    const run = (maxMs = 10_000) => inTime(operation, { maxMs, onRetry: () => (retries += 1) });
    return { run, seen: () => [calls, retries] };
  };

  test("is begun once more", async () => {
    const once = failing(1, new Error("socket closed"));
    expect(await once.run()).toBe("done");
    expect(once.seen()).toEqual([2, 1]);
    const twice = failing(2, Object.assign(new Error("write timeout"), { code: 0x1100 }));
    await expect(twice.run()).rejects.toMatchObject({ code: "unavailable" });
    expect(twice.seen()).toEqual([2, 1]);
  });

  test("is not begun again where the request itself is wrong, or its time is over", async () => {
    for (const error of [Object.assign(new Error("no such table"), { code: 0x2200 }), new TypeError("no blob")]) {
      const wrong = failing(1, error);
      await expect(wrong.run()).rejects.toMatchObject({ code: "unavailable" });
      expect(wrong.seen()).toEqual([1, 0]);
    }
    const late = failing(1, new Error("socket closed"));
    await expect(late.run(1)).rejects.toMatchObject({ code: "unavailable" });
    expect(late.seen()).toEqual([1, 0]);
  });
});
