import { setTimeout as sleep } from "node:timers/promises";
import { Live } from "../live.ts";
import type { Fault } from "../scene.ts";
import { describeMs, percentile } from "../traffic/figures.ts";
import { VISIBLE_WITHIN_MS } from "../traffic/readers.ts";
import { refusedForMs } from "../traffic/visible.ts";

/** With notices up, what was acknowledged is there for whoever asks then; some may overtake a notice on a busy machine. */
const AT_ONCE_MS = 20;
const RECOVERED_WITHIN_MS = 2_500;

/** Redis is killed with -9 and comes back: publishing and reading go on, and what is published is seen in time. */
export const redisStopped: Fault = {
  stores: ["cluster"],
  deadlineMs: 120_000,
  run: async (scene) => {
    const { report, brief, world } = scene;
    const { redis } = world;
    if (redis === undefined) throw new Error("needs Redis");
    const headwater = await scene.start();
    const live = await Live.start(scene, headwater, { renditions: ["r1", "r2"] });
    const segments = brief ? 6 : 40;
    const seen = (name: string, medianMs: number) =>
      report.check(`${name}: half are there ${medianMs} ms after the 2xx, all after ${VISIBLE_WITHIN_MS}`, async () => {
        const refusedMs = await refusedForMs(live.encoder, "r1", segments);
        const told = `refused until ${describeMs(refusedMs)}`;
        if (percentile(refusedMs, 0.5) > medianMs || percentile(refusedMs, 1) > VISIBLE_WITHIN_MS)
          throw new Error(told);
        return told;
      });
    try {
      await sleep(1_000);
      await seen("Redis is up", AT_ONCE_MS);
      redis.kill();
      await seen("Redis is dead", VISIBLE_WITHIN_MS);
      await redis.startAgain();
      await sleep(RECOVERED_WITHIN_MS);
      await seen("Redis is back", AT_ONCE_MS);
    } finally {
      await live.stop();
    }
    await live.judgePuts();
    await live.judge();
  },
};
