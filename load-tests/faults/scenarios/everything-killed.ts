import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { killAll, sameUrls } from "../kill-all.ts";
import { Live } from "../live.ts";
import type { Fault } from "../scene.ts";
import { put } from "../traffic/put.ts";
import { ALL_STORES } from "../world.ts";

/** Five processes start at once: 2 s of two processors that have nothing else to do, more the busier they are. */
const READY_WITHIN_MS = 15_000;

/** Supervisor and services are killed with -9 in one instant during PUTs, and start again on the same data. */
export const everythingKilled: Fault = {
  does: "Supervisor and all services are killed with -9 in one instant, and started again on the same data",
  stores: ALL_STORES,
  deadlineMs: 240_000,
  run: async (scene) => {
    const { report, dir, brief } = scene;
    const data = { HEADWATER_DATA_DIR: join(dir, "data") };
    let headwater = await scene.start(data);
    const settings = { ...data, ...sameUrls(headwater) };
    const live = await Live.start(scene, headwater);
    const downMs: [number, number][] = [];
    try {
      for (let kill = 1; kill <= (brief ? 1 : 4); kill++) {
        await sleep(brief ? 2_000 : 4_000);
        const fromMs = performance.now();
        await killAll(headwater);
        await report.check(`kill ${kill}: ready again`, async () => {
          const startedMs = performance.now();
          headwater = await scene.start(settings);
          const tookMs = performance.now() - startedMs;
          const { status } = await put(live.encoder.event, "probe", Buffer.alloc(0));
          if (status !== 204) throw new Error(`the probe was answered ${status}`);
          if (tookMs > READY_WITHIN_MS) throw new Error(`it took ${tookMs.toFixed(0)} ms`);
          return `${tookMs.toFixed(0)} ms from the start of the process`;
        });
        downMs.push([fromMs, performance.now()]);
      }
      await sleep(2_000);
    } finally {
      await live.stop();
    }
    const { acknowledged, failed, sent } = live.encoder;
    report.note(`${sent.length} PUTs: ${acknowledged.length} acknowledged, ${failed.length} not`);
    await live.judge(({ atMs }) => downMs.some(([from, to]) => atMs > from - 1_000 && atMs < to));
  },
};
