import { setTimeout as sleep } from "node:timers/promises";
import { until } from "@headwater/infra";
import { demandNone, Live } from "../live.ts";
import type { Fault } from "../scene.ts";
import { CachedReads } from "../traffic/cached-reads.ts";
import { describeMs, percentile } from "../traffic/figures.ts";
import { CALM, WARM_UP_MS } from "./one-node.ts";

const OUT_MS = 45_000;
const REFUSED_WITHIN_MS = 600;
const RECOVERED_WITHIN_MS = 10_000;

/** No quorum is left: PUTs are refused, soon and plainly, and who reads the live edge does not notice. */
export const twoNodesGone: Fault = {
  does: "Two of three Cassandra nodes are killed with -9, and started again after three quarters of a minute",
  stores: ["cluster3"],
  deadlineMs: 400_000,
  run: async (scene) => {
    const { report, world } = scene;
    const gone = world.nodes.slice(1);
    if (gone.length < 2) throw new Error("needs nodes of its own");
    const live = await Live.start(scene, await scene.start(), CALM);
    const { encoder } = live;
    await sleep(WARM_UP_MS);
    // Every origin has these in memory, or its zones do.
    const cached = new CachedReads(encoder, encoder.acknowledged.slice(-16));
    const outFromMs = performance.now();
    let startedAgainMs = Number.POSITIVE_INFINITY;
    let outToMs = Number.POSITIVE_INFINITY;
    try {
      for (const node of gone) node.kill();
      await sleep(OUT_MS);
      await cached.stop();
      startedAgainMs = performance.now();
      await Promise.all(gone.map((node) => node.startAgain()));
      outToMs = performance.now();
      await report.check(`PUTs are taken again within ${RECOVERED_WITHIN_MS / 1000} s, without a restart`, async () => {
        await until(async () => {
          if (!encoder.acknowledged.some(({ endedMs }) => endedMs! > outToMs)) throw new Error("none was");
        }, RECOVERED_WITHIN_MS);
        return `${(performance.now() - outToMs).toFixed(0)} ms after both nodes answered`;
      });
      outToMs = performance.now();
      await sleep(10_000);
    } finally {
      await live.stop();
    }
    const isOut = (ms: number) => ms > outFromMs && ms < outToMs + RECOVERED_WITHIN_MS;
    const refused = encoder.failed;
    await report.check("a PUT that is not taken is 503, and nothing fails before or after", async () => {
      const wrong = refused.filter(({ status, endedMs }) => status !== 503 || !isOut(endedMs!));
      demandNone(wrong.map(({ rendition, number, status }) => `${rendition}/${number}: ${status ?? "no answer"}`));
      return `${refused.length} × 503`;
    });
    await report.check(`503 in < ${REFUSED_WITHIN_MS} ms, from the first one on`, async () => {
      const tookMs = refused.map((put) => put.tookMs);
      const told = describeMs(tookMs);
      if (refused.length === 0 || percentile(tookMs, 0.99) >= REFUSED_WITHIN_MS) throw new Error(told);
      return told;
    });
    // Their starts take the processors from all others here; on machines of their own they do not.
    const whileGone = refused.filter(({ endedMs }) => endedMs! < startedAgainMs).map((put) => put.tookMs);
    report.note(`while both were gone, and not yet starting: 503 ${describeMs(whileGone)}`);
    await report.check("what is cached is served", () => cached.judge());
    // What was not acknowledged is not known to be there or not: 503, and neither 404 nor 410.
    await live.judge(({ atMs }) => isOut(atMs));
  },
};
