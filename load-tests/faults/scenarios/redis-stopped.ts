import { setTimeout as sleep } from "node:timers/promises";
import { Live } from "../live.ts";
import { type Fault, visibleWithinMs } from "../scene.ts";
import { describeMs, percentile } from "../traffic/figures.ts";
import { watchVisible } from "../traffic/visible.ts";
import { CLUSTERS } from "../world.ts";

/** With notices up, an answer needs no more than its own time. */
const AT_ONCE_MS = 50;
const RECOVERED_WITHIN_MS = 2_500;

/** Redis is killed with -9 and comes back: publishing and reading go on, and what is published is seen in time. */
export const redisStopped: Fault = {
  does: "Redis is killed with -9 and comes back",
  stores: CLUSTERS,
  deadlineMs: 120_000,
  run: async (scene) => {
    const { report, brief, world } = scene;
    const { redis } = world;
    if (redis === undefined) throw new Error("needs Redis");
    const headwater = await scene.start();
    const live = await Live.start(scene, headwater, { renditions: ["r1", "r2"] });
    const segments = brief ? 6 : 40;
    const withinMs = visibleWithinMs(scene);
    const atOnceMs = brief ? withinMs : AT_ONCE_MS;
    const seen = (name: string, medianMs: number) =>
      report.check(`${name}: served ${medianMs} ms after the 2xx, never refused after ${withinMs}`, async () => {
        const visible = await watchVisible(live.encoder, "r1", segments);
        const servedMs = visible.map((one) => one.servedMs);
        const refusedMs = Math.max(...visible.map((one) => one.refusedMs));
        const told = `served after ${describeMs(servedMs)}, refused until ${refusedMs.toFixed(0)} ms`;
        if (percentile(servedMs, 0.5) > medianMs || refusedMs > withinMs) throw new Error(told);
        return told;
      });
    try {
      await sleep(1_000);
      await seen("Redis is up", atOnceMs);
      redis.kill();
      await seen("Redis is dead", withinMs);
      await redis.startAgain();
      await sleep(RECOVERED_WITHIN_MS);
      await seen("Redis is back", atOnceMs);
    } finally {
      await live.stop();
    }
    await live.judgePuts();
    await live.judge();
  },
};
