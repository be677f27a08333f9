import { execFile, execFileSync } from "node:child_process";
import { mkdir, statfs } from "node:fs/promises";
import { promisify } from "node:util";

const run = promisify(execFile);
const TRIES = 20;

/** A disk of its own, in memory, that can be filled and emptied while it is in use. */
export interface SmallDisk {
  readonly dir: string;
  /** From now on there is room for so many bytes more, whatever is there already. */
  leave(bytes: number): Promise<void>;
  /** Ends it, with all that is on it. May be called again. */
  remove(): Promise<void>;
}

/** Mounts one at `dir`. Undefined, and a loud line, where this user may not mount (Linux, root). */
export async function mountSmallDisk(dir: string, sizeBytes: number): Promise<SmallDisk | undefined> {
  await mkdir(dir, { recursive: true });
  try {
    await run("mount", ["-t", "tmpfs", "-o", `size=${sizeBytes}`, "tmpfs", dir]);
  } catch (error) {
    const message = `no disk can be mounted: ${(error as Error).message.trim().split("\n").at(-1)}`;
    process.stderr.write(`\n!!! NOT TESTED: ${message}\n\n`);
    return undefined;
  }
  const unmountAtExit = () => void execFileSync("umount", ["-l", dir], { stdio: "ignore" });
  process.once("exit", unmountAtExit);
  return {
    dir,
    leave: (bytes) => leave(dir, bytes),
    async remove() {
      process.off("exit", unmountAtExit);
      await run("umount", ["-l", dir]).catch(() => {});
    },
  };
}

/** It cannot be made smaller than what is in use, which may grow meanwhile. */
async function leave(dir: string, bytes: number): Promise<void> {
  for (let tries = 1; ; tries++) {
    const { blocks, bfree, bsize } = await statfs(dir);
    try {
      await run("mount", ["-o", `remount,size=${(blocks - bfree) * bsize + bytes}`, dir]);
      return;
    } catch (error) {
      if (tries === TRIES) throw error;
    }
  }
}
