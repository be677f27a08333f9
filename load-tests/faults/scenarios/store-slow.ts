import { setTimeout as sleep } from "node:timers/promises";
import { until } from "@headwater/infra";
import { demandNone, Live } from "../live.ts";
import { judgeRefusals } from "../refusals.ts";
import type { Fault } from "../scene.ts";
import { startSlowStore } from "../slow-store.ts";
import { CachedReads } from "../traffic/cached-reads.ts";
import { describeMs } from "../traffic/figures.ts";
import { isAcknowledged } from "../traffic/put.ts";
import { CLUSTERS } from "../world.ts";
import { CALM } from "./one-node.ts";

const PHASE_MS = 15_000;
/** What one operation may take with all its retries, and the machine's own share. */
const REFUSED_WITHIN_MS = 3_500;
const RECOVERED_WITHIN_MS = 10_000;

/** Every statement of every node takes 200 ms longer, which is borne, then 2 s, which is more than anybody waits for. */
export const storeSlow: Fault = {
  does: "Every statement to Cassandra takes 200 ms longer, then 2 s longer, for 15 s each",
  stores: CLUSTERS,
  deadlineMs: 300_000,
  run: async (scene) => {
    const { report, world } = scene;
    const store = await startSlowStore(world);
    const headwater = await scene.start(store.settings);
    const live = await Live.start(scene, headwater, CALM);
    const { encoder } = live;
    let stalledMs: [number, number] = [0, 0];
    try {
      await sleep(4_000);
      const cached = new CachedReads(encoder, encoder.acknowledged.slice(-16));
      store.setPace({ delayMs: 200 });
      const slowFromMs = performance.now();
      await sleep(PHASE_MS);
      const slowToMs = performance.now();
      store.setPace({ delayMs: 2_000 });
      await sleep(PHASE_MS);
      await cached.stop();
      store.setPace({});
      const fastAgainMs = performance.now();
      await report.check(`PUTs are taken again within ${RECOVERED_WITHIN_MS / 1000} s, without a restart`, async () => {
        await until(async () => {
          const taken = encoder.acknowledged.find(({ endedMs, tookMs }) => endedMs! - tookMs > fastAgainMs);
          if (taken === undefined) throw new Error("none was");
        }, RECOVERED_WITHIN_MS);
        return `${(performance.now() - fastAgainMs).toFixed(0)} ms after the store was fast again`;
      });
      stalledMs = [slowToMs - 1_000, performance.now() + REFUSED_WITHIN_MS];
      await sleep(8_000);
      await report.check("+200 ms: every PUT is taken", async () => {
        const slow = encoder.sent.filter(({ endedMs = 0 }) => endedMs > slowFromMs + 500 && endedMs < slowToMs);
        demandNone(slow.filter((one) => !isAcknowledged(one)).map(({ status }) => `${status ?? "no answer"}`));
        return describeMs(slow.map(({ tookMs }) => tookMs));
      });
      await report.check("+2 s: what is cached is served", () => cached.judge());
    } finally {
      await live.stop();
    }
    await report.check(`+2 s: a PUT that is not taken is 503 in < ${REFUSED_WITHIN_MS} ms`, async () =>
      judgeRefusals(encoder.failed, { status: 503, withinMs: REFUSED_WITHIN_MS }),
    );
    await live.judge(({ atMs }) => atMs > stalledMs[0] && atMs < stalledMs[1]);
    await store.stop();
  },
};
