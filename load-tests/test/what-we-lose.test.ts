import { describe, expect, test } from "@jest/globals";
import { longestOutageMs } from "../faults/report/loss.ts";
import type { FaultRecord } from "../faults/report/record.ts";
import { whatWeLose } from "../faults/report/what-we-lose.ts";

describe("the longest outage", () => {
  test.each([
    ["none failed", [1, 100, 5000], [], 0],
    ["one failed between two that did not", [0, 10, 400, 410], [200], 390],
    ["the longer of two", [0, 10, 30, 60], [20, 40], 30],
    ["in any order", [60, 0, 30, 10], [40, 20], 30],
    ["nothing succeeded before or after", [100], [50, 150], 0],
  ])("%s", (_, ok, failed, expected) => {
    expect(longestOutageMs(ok, failed)).toBe(expected);
  });
});

test("the report has a row and a section for each run, and says what was not kept", () => {
  const record: FaultRecord = {
    name: "node-killed",
    store: "cluster3",
    does: "One node is killed",
    seed: "a1",
    at: "2026-11-24T14:00:00.000Z",
    machine: "2 × CPU",
    loss: {
      puts: { requests: 100, failed: 2, outageMs: 1234, p50Ms: 20, p99Ms: 480 },
      reads: { requests: 1000, failed: 0, outageMs: 0, p50Ms: 3, p99Ms: 30 },
      isBack: true,
    },
    findings: [
      { name: "no PUT failed", isKept: false, detail: "2: r1/5: 503" },
      { name: "read back", isKept: true, detail: "98 are there\nlogs" },
      { name: "", detail: "a note" },
    ],
  };
  const text = whatWeLose([record, { ...record, name: "encoder-killed", loss: undefined }]);
  expect(text).toContain(
    "| [node-killed](#node-killed-cluster3) | cluster3 | 1 of 2 | 0 of 98 | 2 of 100 | 1.2 s | 20, 480 ms | 0 of 1000 | - | 3, 30 ms |",
  );
  expect(text).toContain("| [encoder-killed](#encoder-killed-cluster3) | cluster3 | 1 of 2 | - |");
  expect(text).toContain("## node-killed, cluster3\n\nOne node is killed. 2026-11-24 14:00 UTC; 2 × CPU; seed `a1`.");
  expect(text).toContain("- **Not kept:** no PUT failed: 2: r1/5: 503\n- read back: 98 are there\n- a note\n");
  // Run again elsewhere: what is newer replaces what is there, and the rest stays.
  const again = whatWeLose([{ ...record, seed: "b2" }], text);
  expect(again).toBe(text.replace(/(## node-killed[^`]*)`a1`/, "$1`b2`"));
  expect(whatWeLose([], again)).toBe(again);
});
