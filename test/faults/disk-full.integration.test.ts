import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mountSmallDisk } from "@headwater/infra";
import { afterAll, expect, test } from "@jest/globals";
import { diskFull } from "../../load-tests/faults/scenarios/disk-full.ts";
import { runFault } from "../../load-tests/faults/scene.ts";

const dir = await mkdtemp(join(tmpdir(), "headwater-faults-"));
const probe = await mountSmallDisk(join(dir, "probe"), 2 ** 20);
await probe?.remove();
afterAll(() => rm(dir, { recursive: true, force: true }));

(probe === undefined ? test.skip : test)(
  "a full disk: 507, reading goes on, and so do PUTs once there is room",
  async () => {
    const report = await runFault({
      name: "disk-full",
      fault: diskFull,
      seed: "local",
      dir: join(dir, "run"),
      brief: true,
    });
    expect(report.failed).toEqual([]);
    expect(report.passed).toBeGreaterThan(8);
  },
);
