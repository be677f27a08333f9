import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Live } from "../live.ts";
import type { Fault } from "../scene.ts";
import { ALL_STORES } from "../world.ts";

const RENDITIONS = ["r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8"];
const DURATION_MS = 2_000;

/**
 * No fault at all: eight renditions of 4 to 7 Mbit/s at once in real time, all read while they come; real segments, in
 * turn, where there is a folder of them.
 */
export const ladder: Fault = {
  does: "None: eight renditions of 4 to 7 Mbit/s in real time",
  stores: ALL_STORES,
  deadlineMs: 150_000,
  run: async (scene) => {
    const files = scene.media === undefined ? [] : await segmentsIn(scene.media);
    const headwater = await scene.start();
    const live = await Live.start(scene, headwater, {
      renditions: RENDITIONS,
      durationMs: DURATION_MS,
      minBytes: 1_000_000,
      maxBytes: 1_700_000,
      ...(files.length > 0 && {
        bytesOf: (rendition: string, number: number) => files[(number + RENDITIONS.indexOf(rendition)) % files.length]!,
      }),
    });
    try {
      await sleep(scene.brief ? 8_000 : 60_000);
    } finally {
      await live.stop();
    }
    await live.judgePuts();
    await live.judge();
  },
};

async function segmentsIn(folder: string): Promise<Buffer[]> {
  const names = (await readdir(folder)).filter((name) => /^\d+\.m4s$/.test(name));
  if (names.length === 0) throw new Error(`${folder} has no segment {number}.m4s`);
  return Promise.all(names.map((name) => readFile(join(folder, name))));
}
