import { setTimeout as sleep } from "node:timers/promises";
import { until } from "@headwater/infra";
import { Live } from "../live.ts";
import { judgeRefusals } from "../refusals.ts";
import type { Fault } from "../scene.ts";
import { startSlowStore } from "../slow-store.ts";
import { CachedReads } from "../traffic/cached-reads.ts";
import { CLUSTERS } from "../world.ts";
import { CALM } from "./one-node.ts";

/** About half of what this traffic asks of the only node. */
const STATEMENTS_PER_SECOND = 8;
const OVERLOAD_MS = 20_000;
const CACHED = 16;
const BEGUN_WITHIN_MS = 30_000;
/** A PUT waits for its chunks and for its row, 3 s each at most. */
const REFUSED_WITHIN_MS = 6_500;
const RECOVERED_WITHIN_MS = 10_000;

/** The nodes do fewer statements than are asked of them; the others wait there, longer and longer. */
export const storeOverloaded: Fault = {
  does: `Each Cassandra node does ${STATEMENTS_PER_SECOND} statements a second for 20 s, and lets the others wait`,
  stores: CLUSTERS,
  deadlineMs: 240_000,
  run: async (scene) => {
    const { report, world } = scene;
    const store = await startSlowStore(world);
    const headwater = await scene.start(store.settings);
    const live = await Live.start(scene, headwater, CALM);
    const { encoder } = live;
    let [fromMs, toMs] = [0, Number.POSITIVE_INFINITY];
    try {
      await until(async () => {
        if (encoder.acknowledged.length < CACHED) throw new Error("too few PUTs are acknowledged to begin with");
      }, BEGUN_WITHIN_MS);
      const cached = new CachedReads(encoder, encoder.acknowledged.slice(-CACHED));
      fromMs = performance.now();
      store.setPace({ perSecond: STATEMENTS_PER_SECOND });
      await sleep(OVERLOAD_MS);
      await cached.stop();
      store.setPace({});
      const overMs = performance.now();
      await report.check(`PUTs are taken again within ${RECOVERED_WITHIN_MS / 1000} s, without a restart`, async () => {
        await until(async () => {
          const taken = encoder.acknowledged.find(({ endedMs, tookMs }) => endedMs! - tookMs > overMs);
          if (taken === undefined) throw new Error("none was");
        }, RECOVERED_WITHIN_MS);
        return `${(performance.now() - overMs).toFixed(0)} ms after the overload`;
      });
      toMs = performance.now() + REFUSED_WITHIN_MS;
      await sleep(8_000);
      await report.check("what is cached is served", () => cached.judge());
    } finally {
      await live.stop();
    }
    const isOut = (ms: number) => ms > fromMs && ms < toMs;
    await report.check(
      `a PUT that is not taken is 503 in < ${REFUSED_WITHIN_MS} ms, and none fails before or after`,
      async () => {
        const refused = judgeRefusals(encoder.failed, { status: 503, withinMs: REFUSED_WITHIN_MS, isOut });
        const during = encoder.acknowledged.filter(({ endedMs }) => isOut(endedMs!));
        return `${refused}; ${during.length} taken meanwhile`;
      },
    );
    await live.judge(({ atMs }) => isOut(atMs));
    await store.stop();
  },
};
