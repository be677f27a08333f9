import { setTimeout as sleep } from "node:timers/promises";
import { Live } from "../live.ts";
import { backWithinMs, type Fault } from "../scene.ts";
import { put } from "../traffic/put.ts";
import { seededRandom } from "../traffic/random.ts";
import { ALL_STORES } from "../world.ts";

/** The supervisor starts what has lived for 5 s again at once, anything younger after a pause. */
const LIFE_MS = 5_000;

/** The publisher is killed with -9 again and again while several connections PUT, and nothing is sent a second time. */
export const publisherKilled: Fault = {
  does: "The publisher is killed with -9, again and again",
  stores: ALL_STORES,
  deadlineMs: 180_000,
  run: async (scene) => {
    const { report, seed, brief } = scene;
    const withinMs = backWithinMs(scene);
    const random = seededRandom(`${seed}/kills`);
    const headwater = await scene.start();
    const live = await Live.start(scene, headwater);
    try {
      for (let kill = 1; kill <= (brief ? 2 : 5); kill++) {
        await sleep((brief ? 1_500 : LIFE_MS) + random() * 1_000);
        await report.check(`kill ${kill}: the publisher is back in < ${withinMs / 1000} s`, async () => {
          const killedMs = performance.now();
          await headwater.restart("publisher");
          const { status } = await put(live.encoder.event, "probe", Buffer.alloc(0));
          const tookMs = performance.now() - killedMs;
          if (status !== 204) throw new Error(`the probe was answered ${status}`);
          if (tookMs > withinMs) throw new Error(`it took ${tookMs.toFixed(0)} ms`);
          return `${tookMs.toFixed(0)} ms`;
        });
      }
      await sleep(1_500);
    } finally {
      await live.stop();
    }
    const { acknowledged, failed, sent } = live.encoder;
    await report.check("enough was acknowledged, and something lost", async () => {
      if (acknowledged.length < (brief ? 20 : 100) || failed.length === 0)
        throw new Error(`${acknowledged.length} acknowledged, ${failed.length} not`);
      return `${sent.length} PUTs: ${acknowledged.length} acknowledged, ${failed.length} not`;
    });
    await live.judge();
  },
};
