import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "@jest/globals";
import {
  accepts,
  freePort,
  isFree,
  mountSmallDisk,
  requirePart,
  startMemcached,
  startPart,
  startRedis,
  until,
} from "../src/index.ts";
import { birthOf, isAlive, stopProcess } from "../src/stack/background.ts";

const memcached = await requirePart("memcached");
const redis = await requirePart("redis-server");

const dir = await mkdtemp(join(tmpdir(), "headwater-infra-"));
const disk = await mountSmallDisk(join(dir, "disk"), 2 ** 20);
afterAll(() => rm(dir, { recursive: true, force: true }));

(memcached && redis ? describe : describe.skip)("real parts", () => {
  test("answer once started, on ports of their own, and are gone once stopped, even when frozen", async () => {
    const parts = await Promise.all([startMemcached({ dir }), startMemcached({ dir }), startRedis({ dir })]);
    expect(new Set(parts.map(({ port }) => port)).size).toBe(3);
    for (const { port } of parts) await accepts(port);
    process.kill(parts[0].pid, "SIGSTOP");
    await Promise.all(parts.map((part) => part.stop()));
    for (const part of parts) {
      expect([part.running(), await isFree(part.port)]).toEqual([false, true]);
      await part.stop();
    }
  });

  // Only Linux can promise it for SIGKILL.
  (process.platform === "linux" ? test : test.skip)("a part dies with the process that started it", async () => {
    const port = await freePort();
    const script = join(dir, "parent.ts");
    await writeFile(
      script,
      `import { startMemcached } from ${JSON.stringify(join(import.meta.dirname, "../src/index.ts"))};
       await startMemcached({ dir: ${JSON.stringify(dir)}, port: ${port} });
       process.kill(process.pid, "SIGKILL");`,
    );
    const parent = spawn(process.execPath, [script], { stdio: "ignore" });
    await new Promise((resolve) => parent.once("exit", resolve));
    expect(parent.signalCode).toBe("SIGKILL");
    await until(() => isFree(port).then((free) => free || Promise.reject(new Error("still there"))), 5000);
  });

  test("a background process is known by pid and birth, and only that one is stopped", async () => {
    const { pid, running } = await startMemcached({ dir });
    const birth = birthOf(pid)!;
    await stopProcess({ pid, birth: `${birth}0` });
    expect([running(), isAlive({ pid, birth }), isAlive({ pid, birth: `${birth}0` })]).toEqual([true, true, false]);
    await stopProcess({ pid, birth });
    expect(birthOf(pid)).toBeUndefined();
  });
});

test("a part that ends, or never answers, is reported with the end of its log and leaves nothing behind", async () => {
  const never = () => Promise.reject(new Error("not yet"));
  const start = (command: string, readyMs: number) =>
    startPart({
      name: "odd",
      command: "sh",
      args: ["-c", command],
      logFile: join(dir, "odd.log"),
      ready: never,
      readyMs,
    });
  await expect(start("echo my last words; exit 3", 10_000)).rejects.toThrow(/it ended with 3\n(.*\n)*my last words/);
  await expect(start("exec sleep 60", 100)).rejects.toThrow("not yet");
  const missing = { name: "x", command: join(dir, "no-such"), args: [], logFile: join(dir, "x.log"), ready: never };
  await expect(startPart({ ...missing, outliveUs: true, readyMs: 1000 })).rejects.toThrow("ENOENT");
});

test("a preferred port is taken when it is free, else another", async () => {
  const port = await freePort();
  expect(await freePort(port, ["127.0.0.1", "127.0.0.2"])).toBe(port);
  const part = await startPart({
    name: "listener",
    command: process.execPath,
    args: ["-e", `net.createServer().listen(${port}, "127.0.0.2")`],
    logFile: join(dir, "listener.log"),
    ready: () => accepts(port, "127.0.0.2"),
  });
  expect(await freePort(port, ["127.0.0.1", "127.0.0.2"])).not.toBe(port);
  await part.stop();
});

(disk === undefined ? test.skip : test)("a small disk ends when it is removed, and with who mounted it", async () => {
  const isMounted = async (at: string) => (await readFile("/proc/mounts", "utf8")).includes(` ${at} `);
  expect(await isMounted(disk!.dir)).toBe(true);
  await disk!.remove();
  await disk!.remove();
  expect(await isMounted(disk!.dir)).toBe(false);
  const script = join(dir, "mounting.ts");
  await writeFile(
    script,
    `import { mountSmallDisk } from ${JSON.stringify(join(import.meta.dirname, "../src/index.ts"))};
     await mountSmallDisk(process.argv[2], 2 ** 20);
     if (process.argv[3] === "exit") process.exit(3);
     process.kill(process.pid, "SIGKILL");`,
  );
  for (const end of ["exit", "SIGKILL"] as const) {
    const at = join(dir, end);
    const parent = spawn(process.execPath, [script, at, end], { stdio: "ignore" });
    await new Promise((resolve) => parent.once("exit", resolve));
    expect(parent.signalCode ?? parent.exitCode).toBe(end === "exit" ? 3 : "SIGKILL");
    await until(async () => {
      if (await isMounted(at)) throw new Error(`${at} is still mounted`);
    }, 5000);
  }
});
