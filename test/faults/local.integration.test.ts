import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { requirePart } from "@headwater/infra";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { encoderKilled } from "../../load-tests/faults/scenarios/encoder-killed.ts";
import { putLate } from "../../load-tests/faults/scenarios/put-late.ts";
import { putTruncated } from "../../load-tests/faults/scenarios/put-truncated.ts";
import { putTwice } from "../../load-tests/faults/scenarios/put-twice.ts";
import { rollingRestart } from "../../load-tests/faults/scenarios/rolling-restart.ts";
import { runFault } from "../../load-tests/faults/scene.ts";

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "headwater-faults-"));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const FAULTS = {
  "encoder-killed": encoderKilled,
  "put-truncated": putTruncated,
  "put-twice": putTwice,
  "put-late": putLate,
  ...((await requirePart("nginx")) !== undefined && { "rolling-restart": rollingRestart }),
};

test.each(Object.entries(FAULTS))("%s, on the local store: what it promises is kept", async (name, fault) => {
  const report = await runFault({ name, fault, seed: "local", dir: join(dir, name), brief: true });
  expect(report.failed).toEqual([]);
  expect(report.passed).toBeGreaterThan(2);
});
