import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import { startTwoDatacenters } from "../../load-tests/faults/regions.ts";
import { farFrozen } from "../../load-tests/faults/scenarios/two-datacenters.ts";
import { runFault } from "../../load-tests/faults/scene.ts";

const dir = await mkdtemp(join(tmpdir(), "headwater-regions-"));
const cassandra = await startTwoDatacenters(dir, true);
afterAll(async () => {
  await cassandra?.stop();
  await rm(dir, { recursive: true, force: true });
});

(cassandra === undefined ? test.skip : test)(
  "of two regions on one Cassandra the one that reads loses its datacenter for a while, and catches up by itself",
  async () => {
    const report = await runFault({ name: "far", fault: farFrozen, seed: "regions", dir, brief: true, cassandra });
    expect(report.failed).toEqual([]);
    expect(report.passed).toBe(10);
  },
);
