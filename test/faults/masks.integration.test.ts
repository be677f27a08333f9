import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { masks } from "../../load-tests/faults/scenarios/masks.ts";
import { runFault } from "../../load-tests/faults/scene.ts";

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "headwater-masks-"));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

test("masks hold on two origins, on one that was paused, and over the death of everything", async () => {
  const report = await runFault({ name: "masks", fault: masks, seed: "masks", dir, brief: true });
  expect(report.failed).toEqual([]);
  expect(report.passed).toBe(4);
});
