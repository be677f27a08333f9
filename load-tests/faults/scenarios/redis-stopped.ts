import { setTimeout as sleep } from "node:timers/promises";
import { Live } from "../live.ts";
import type { Fault } from "../scene.ts";
import { describeMs, percentile } from "../traffic/figures.ts";
import { VISIBLE_WITHIN_MS } from "../traffic/readers.ts";
import { visibleAfterMs } from "../traffic/visible.ts";

/** With notices up, what was acknowledged is there for whoever asks then: our own timers need the rest. */
const AT_ONCE_MS = 50;
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
    const seen = (name: string, withinMs: number) =>
      report.check(`${name}: there for who asks ${withinMs} ms after the 2xx`, async () => {
        const tookMs = await visibleAfterMs(live.encoder, "r1", segments);
        if (percentile(tookMs, 1) > withinMs) throw new Error(describeMs(tookMs));
        return describeMs(tookMs);
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
