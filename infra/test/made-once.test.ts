import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { madeOnce } from "../src/parts/made-once.ts";

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "headwater-made-once-"));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

test("a folder is made whole, and only where it is not there", async () => {
  const folder = join(dir, "jars");
  await madeOnce(folder, async (own) => {
    expect(await readdir(dir)).not.toContain("jars");
    await writeFile(join(own, "a"), "first");
  });
  await madeOnce(folder, () => Promise.reject(new Error("it is there already")));
  expect(await readFile(join(folder, "a"), "utf8")).toBe("first");
  expect(await readdir(dir)).toEqual(["jars"]);
});

test("one that another process has made meanwhile is kept", async () => {
  const folder = join(dir, "raced");
  await madeOnce(folder, async (own) => {
    await writeFile(join(own, "a"), "ours");
    await mkdir(folder);
    await writeFile(join(folder, "a"), "theirs");
  });
  expect(await readFile(join(folder, "a"), "utf8")).toBe("theirs");
});

test("what fails leaves nothing", async () => {
  const folder = join(dir, "broken");
  const failing = madeOnce(folder, async (own) => {
    await writeFile(join(own, "half"), "");
    throw new Error("no network");
  });
  await expect(failing).rejects.toThrow("no network");
  expect((await readdir(dir)).filter((name) => name.startsWith("broken"))).toEqual([]);
});
