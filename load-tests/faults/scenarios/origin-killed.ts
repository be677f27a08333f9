import { setTimeout as sleep } from "node:timers/promises";
import { Live } from "../live.ts";
import { backWithinMs, type Fault } from "../scene.ts";
import { ALL_STORES } from "../world.ts";

const LIFE_MS = 5_000;
/** Between the kill and the moment at which the system has closed the sockets of the dead. */
const DYING_MS = 100;

/** One of two origins is killed with -9 during reads: PUTs do not notice, and only its open sockets break. */
export const originKilled: Fault = {
  does: "One of two origins is killed with -9, again and again",
  stores: ALL_STORES,
  deadlineMs: 180_000,
  run: async (scene) => {
    const { report, brief } = scene;
    const withinMs = backWithinMs(scene);
    const headwater = await scene.start({ HEADWATER_ORIGIN_PROCESSES: "2" });
    const live = await Live.start(scene, headwater, { readers: 8 });
    const killsMs: number[] = [];
    try {
      for (let kill = 1; kill <= (brief ? 1 : 4); kill++) {
        await sleep(brief ? 2_000 : LIFE_MS);
        await report.check(`kill ${kill}: the origin is back in < ${withinMs / 1000} s`, async () => {
          killsMs.push(performance.now());
          await headwater.restart("origin");
          const tookMs = performance.now() - killsMs.at(-1)!;
          if (tookMs > withinMs) throw new Error(`it took ${tookMs.toFixed(0)} ms`);
          return `${tookMs.toFixed(0)} ms`;
        });
      }
      await sleep(1_000);
    } finally {
      await live.stop();
    }
    await live.judgePuts();
    await live.judge(
      ({ connectedMs }) => connectedMs !== undefined && killsMs.some((ms) => connectedMs < ms + DYING_MS),
    );
  },
};
