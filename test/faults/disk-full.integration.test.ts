import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mountSmallDisk, ROOT, until } from "@headwater/infra";
import { afterAll, expect, test } from "@jest/globals";
import { diskFull } from "../../load-tests/faults/scenarios/disk-full.ts";
import { runFault } from "../../load-tests/faults/scene.ts";

const dir = await mkdtemp(join(tmpdir(), "headwater-faults-"));
const probe = await mountSmallDisk(join(dir, "probe"), 2 ** 20);
await probe?.remove();
afterAll(() => rm(dir, { recursive: true, force: true }));

const testWithDisk = probe === undefined ? test.skip : test;

testWithDisk("a full disk: 507, reading goes on, and so do PUTs once there is room", async () => {
  const report = await runFault({
    name: "disk-full",
    fault: diskFull,
    seed: "local",
    dir: join(dir, "run"),
    brief: true,
  });
  expect(report.failed).toEqual([]);
  expect(report.passed).toBeGreaterThan(8);
});

testWithDisk("a run that is ended by a signal leaves no process, no disk and no file behind", async () => {
  const folder = join(dir, "ended");
  await mkdir(folder);
  const run = spawn(process.execPath, [join(ROOT, "load-tests/faults/main.ts"), "disk-full"], {
    env: { ...process.env, TMPDIR: folder },
    stdio: "ignore",
  });
  const ended = once(run, "exit");
  const mounts = async () => (await readFile("/proc/mounts", "utf8")).split("\n").filter((at) => at.includes(folder));
  let pids: number[] = [];
  await until(async () => {
    const own = (await readdir(folder)).find((name) => name.includes("disk-full")) ?? "";
    const log = await readFile(join(folder, own, "start-1/headwater.log"), "utf8");
    pids = Object.values<number | number[]>(JSON.parse(/^headwater ready (.*)$/m.exec(log)![1]!).pids).flat();
  }, 30_000);
  expect([pids.length > 4, (await mounts()).length]).toEqual([true, 1]);
  run.kill("SIGTERM");
  expect(await ended).toEqual([128 + 15, null]);
  expect([await mounts(), await readdir(folder)]).toEqual([[], []]);
  await until(async () => {
    for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow("ESRCH");
  }, 5_000);
});
