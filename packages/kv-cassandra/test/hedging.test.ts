import { describe, expect, test } from "@jest/globals";
import { inTime } from "../src/deadline.ts";
import { HedgeBudget, Hedging, LatencyWindow } from "../src/hedging.ts";
import { LateNodes, lateLast } from "../src/late-nodes.ts";

const [A, B, C] = [{ node: "a" }, { node: "b" }, { node: "c" }];

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
    const hedged: object[] = [];
    const hedging = new Hedging((node) => hedged.push(node));
    for (let i = 0; i < 10_000; i += 1) {
      const plan = hedging.plan("write");
      if (plan.nextExecution(A) > 0) expect([plan.nextExecution(B), plan.nextExecution(C)]).toEqual([-1, -1]);
    }
    expect(hedged.length).toBeGreaterThan(400);
    expect(hedged.length).toBeLessThanOrEqual(532);
    expect(new Set(hedged)).toEqual(new Set([A]));
  });
});

test("kinds learn apart, and a hedge counts as a slow request", () => {
  const hedging = new Hedging(() => {});
  for (let i = 0; i < 64; i += 1) hedging.answered("read", 20);
  expect(hedging.plan("read").nextExecution(A)).toBe(20);
  expect(hedging.plan("write").nextExecution(A)).toBe(150);
  for (let i = 0; i < 16; i += 1) {
    const plan = hedging.plan("read");
    plan.nextExecution(A);
    plan.nextExecution(A);
    hedging.answered("read", 20);
  }
  expect(hedging.plan("read").nextExecution(A)).toBe(40);
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

describe("a node that lets requests wait", () => {
  const order = (nodes: LateNodes, nowMs: number) => [...lateLast([A, B, C].values(), nodes, nowMs)];

  test("is asked last once it did so twice without an answer between, but for a trial a second", () => {
    const nodes = new LateNodes();
    nodes.late(A, 0);
    expect(order(nodes, 1)).toEqual([A, B, C]);
    nodes.answered(A);
    nodes.late(A, 2);
    expect(order(nodes, 3)).toEqual([A, B, C]);
    nodes.late(A, 4);
    expect(order(nodes, 5)).toEqual([B, C, A]);
    expect(order(nodes, 1004)).toEqual([A, B, C]);
    expect(order(nodes, 1005)).toEqual([B, C, A]);
    nodes.answered(A);
    expect(order(nodes, 1006)).toEqual([A, B, C]);
  });

  test("is not tried in place of a hedge, and all are asked where all are late", () => {
    const nodes = new LateNodes();
    for (const node of [B, B]) nodes.late(node, 0);
    expect(order(nodes, 5000)).toEqual([A, C, B]);
    for (const node of [A, A, C, C]) nodes.late(node, 5000);
    expect(order(nodes, 5001)).toEqual([A, B, C]);
  });
});
