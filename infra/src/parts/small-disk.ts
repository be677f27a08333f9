import { execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
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

/**
 * Mounts one at `dir`. Undefined, and a loud line, where this user may not mount (Linux, root). It ends with this process,
 * however that ends.
 */
export async function mountSmallDisk(dir: string, sizeBytes: number): Promise<SmallDisk | undefined> {
  await mkdir(dir, { recursive: true });
  try {
    await run("mount", ["-t", "tmpfs", "-o", `size=${sizeBytes}`, "tmpfs", dir]);
  } catch (error) {
    const message = `no disk can be mounted: ${(error as Error).message.trim().split("\n").at(-1)}`;
    process.stderr.write(`\n!!! NOT TESTED: ${message}\n\n`);
    return undefined;
  }
  const watcher = unmountsAfterUs(dir);
  const unmountAtExit = () => void execFileSync("sh", ["-c", UNMOUNT, dir], { stdio: "ignore" });
  process.once("exit", unmountAtExit);
  return {
    dir,
    leave: (bytes) => leave(dir, bytes),
    async remove() {
      process.off("exit", unmountAtExit);
      await watcher.unmountNow();
    },
  };
}

/** It may be unmounted already. */
const UNMOUNT = 'umount -l "$0" || true';

/** A process that unmounts when its stdin ends: once it is told to, or once this process has been killed. */
function unmountsAfterUs(dir: string): { unmountNow(): Promise<void> } {
  const watcher = spawn("sh", ["-c", `cat; ${UNMOUNT}`, dir], {
    detached: true, // Ctrl-C does not reach it
    stdio: ["pipe", "ignore", "ignore"],
  });
  const ended = once(watcher, "exit");
  watcher.unref();
  return {
    async unmountNow() {
      watcher.ref();
      watcher.stdin.end();
      await ended;
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
