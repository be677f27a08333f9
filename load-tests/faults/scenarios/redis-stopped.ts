import { setTimeout as sleep } from "node:timers/promises";
import { until } from "@headwater/infra";
import { sumBy } from "../../storm/metrics.ts";
import { Live } from "../live.ts";
import { type Fault, visibleWithinMs } from "../scene.ts";
import { toldBy } from "../told.ts";
import { describeMs, percentile } from "../traffic/figures.ts";
import { readMetrics } from "../traffic/metrics.ts";
import { watchVisible } from "../traffic/visible.ts";
import { CLUSTERS } from "../world.ts";

/** With notices up, an answer needs no more than its own time. */
const AT_ONCE_MS = 50;
const RECOVERED_WITHIN_MS = 2_500;
const DEAD_MS = 60_000;
const TOLD_WITHIN_MS = 10_000;
const CAUGHT_UP_WITHIN_MS = 120_000;

/** Redis is killed with -9 and comes back: publishing and reading go on, and what is published is seen in time. */
export const redisStopped: Fault = {
  does: "Redis is killed with -9 and comes back a minute later",
  stores: CLUSTERS,
  deadlineMs: 400_000,
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
    const [workerUrl] = (await toldBy(headwater)).urls.admin.worker as [string];
    const jobsRest = (name: string, value: number) =>
      report.check(name, async () => {
        const fromMs = performance.now();
        await until(async () => {
          const told = sumBy(await readMetrics(workerUrl), "headwater_jobs_degraded", "");
          if (told[""] !== value) throw new Error("headwater_jobs_degraded does not say so");
        }, TOLD_WITHIN_MS);
        return `headwater_jobs_degraded ${value} after ${(performance.now() - fromMs).toFixed(0)} ms`;
      });
    try {
      await sleep(1_000);
      await seen("Redis is up", atOnceMs);
      redis.kill();
      const killedMs = performance.now();
      await jobsRest("the worker says that jobs rest", 1);
      await seen("Redis is dead", withinMs);
      if (!brief) await sleep(Math.max(0, killedMs + DEAD_MS - performance.now()));
      const ranBefore = await jobsDone(workerUrl);
      await redis.startAgain();
      const backMs = performance.now();
      await jobsRest("and that they do not any more", 0);
      await report.check(`jobs run again within ${CAUGHT_UP_WITHIN_MS / 1000} s`, async () => {
        await until(async () => {
          if ((await jobsDone(workerUrl)) <= ranBefore) throw new Error("none has run");
        }, CAUGHT_UP_WITHIN_MS);
        return `${((performance.now() - backMs) / 1000).toFixed(1)} s after Redis was back`;
      });
      await sleep(RECOVERED_WITHIN_MS);
      await seen("Redis is back", atOnceMs);
    } finally {
      await live.stop();
    }
    await live.judgePuts();
    await live.judge();
  },
};

/** Runs of all jobs that have ended well. */
async function jobsDone(workerUrl: string): Promise<number> {
  return sumBy(await readMetrics(workerUrl), "headwater_jobs_total", "result").done ?? 0;
}
