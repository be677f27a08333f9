import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";

/**
 * Has a folder made if it is not there: beside, then moved in one step, so that nobody ever sees half of it. Any number of
 * processes may ask at once. Rejects as `make` does, and leaves nothing then.
 */
export async function madeOnce(folder: string, make: (dir: string) => Promise<void>): Promise<void> {
  if (existsSync(folder)) return;
  const own = `${folder}.${process.pid}`;
  await mkdir(own, { recursive: true });
  try {
    await make(own);
    await rename(own, folder).catch((error) => {
      if (!existsSync(folder)) throw error;
    });
  } finally {
    await rm(own, { recursive: true, force: true });
  }
}
