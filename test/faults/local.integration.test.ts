import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { everythingKilled } from "../../load-tests/faults/scenarios/everything-killed.ts";
import { publisherAtSteps } from "../../load-tests/faults/scenarios/publisher-at-steps.ts";
import { publisherKilled } from "../../load-tests/faults/scenarios/publisher-killed.ts";
import { runFault } from "../../load-tests/faults/scene.ts";

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "headwater-faults-"));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const FAULTS = {
  "publisher-killed": publisherKilled,
  "publisher-at-steps": publisherAtSteps,
  "everything-killed": everythingKilled,
};

test.each(Object.entries(FAULTS))("%s, on the local store: nothing acknowledged is lost", async (name, fault) => {
  const report = await runFault({ name, fault, seed: "local", dir: join(dir, name), brief: true });
  expect(report.failed).toEqual([]);
  expect(report.passed).toBeGreaterThan(3);
});
