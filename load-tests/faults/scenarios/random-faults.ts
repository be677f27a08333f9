import { setTimeout as sleep } from "node:timers/promises";
import { startToxiproxy } from "@headwater/infra";
import { type Blow, blowsTo } from "../blows.ts";
import { demandNone, judgeReads } from "../live.ts";
import { poisonNetwork } from "../poisoned-network.ts";
import { poisonZones } from "../poisoned-zones.ts";
import { lossOf } from "../report/loss.ts";
import type { Fault, Scene } from "../scene.ts";
import { createPipelines } from "../traffic/event.ts";
import { describeMs } from "../traffic/figures.ts";
import { Redundant } from "../traffic/pipeline.ts";
import { isAcknowledged } from "../traffic/put.ts";
import { seededRandom } from "../traffic/random.ts";
import { readBack } from "../traffic/read-back.ts";
import { readByOthers } from "../traffic/read-by-others.ts";
import { Readers } from "../traffic/readers.ts";
import { CLUSTERS } from "../world.ts";

const RENDITIONS = ["r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8"];
/** Small: the disk is that of three nodes. */
const TRAFFIC = { renditions: RENDITIONS, minBytes: 30_000, maxBytes: 120_000, spread: 0.5 };
/** A machine that others use as well may be busy for longer than any blow lasts. */
const TRIES = { whole: 5, brief: 20 };
const DURATION_MS = 2_000;
/** With notices or without, once it is settled whose copy it is: 500 ms, graceMs and the clocks' tolerance after the 2xx. */
const VISIBLE_MS = { whole: 1_500, brief: 4_000 };
const WHOLE = { totalMs: 600_000, everyMs: 30_000, lastsMs: 10_000 };
const BRIEF = { totalMs: 8_000, everyMs: 4_000, lastsMs: 2_000 };

/** Two pipelines of eight renditions, two publishers, two origins: whatever one thing fails, nobody who watches notices. */
export const randomFaults: Fault = {
  does: "Eight renditions of two pipelines in real time, whose encoders send again, two publishers, two origins; every half a minute one thing, chosen by the seed, is killed, hangs, lies or is slow for ten seconds",
  stores: CLUSTERS,
  deadlineMs: 1_200_000,
  run: async (scene) => {
    const { report, seed, dir, brief, world } = scene;
    const toxiproxy = await startToxiproxy({ dir });
    const [zoned, network] = [await poisonZones(world, toxiproxy), await poisonNetwork(world, toxiproxy)];
    const headwater = await scene.start({
      ...zoned.settings,
      ...network.settings,
      HEADWATER_PUBLISHER_PROCESSES: "2",
      HEADWATER_ORIGIN_PROCESSES: "2",
      // In the end all of it is read back at once.
      HEADWATER_DVR_READS_PER_SECOND: "10000",
    });
    const events = await createPipelines(headwater, { id: "faults", durationMs: DURATION_MS, pipelines: ["a", "b"] });
    const sending = new Redundant(events, { ...TRAFFIC, seed, tries: brief ? TRIES.brief : TRIES.whole });
    const { pipelines } = sending;
    const visibleWithinMs = brief ? VISIBLE_MS.brief : VISIBLE_MS.whole;
    const readers = new Readers({ encoder: sending, seed, visibleWithinMs, count: 4, asksAgain: true });
    try {
      await sleep(2 * DURATION_MS);
      const blows = await blowsTo({ world, headwater, zones: zoned.zones, network, pipelines });
      await strikeInTurn(scene, blows, sending, readers);
    } finally {
      await sending.stop();
      await readers.stop();
    }
    await report.check("every segment was taken from one pipeline at least", async () => {
      demandNone(
        sending.sent
          .filter((one) => !isAcknowledged(one))
          .map(({ rendition, number, status }) => `${rendition}/${number}: ${status ?? "no answer"}`),
      );
      const each = pipelines.map(({ event, sent }) => {
        const taken = sent.filter(isAcknowledged);
        return `${event.pipeline}: ${taken.length} of ${sent.length}, ${describeMs(taken.map(({ tookMs }) => tookMs))}`;
      });
      return `${sending.sent.length} segments; ${each.join("; ")}`;
    });
    await judgeReads(report, readers, visibleWithinMs);
    report.note(`${readers.brokeOff} reads were asked again, as their connection broke`);
    const isBack = await report.check("read back", () => readBack(sending));
    report.loss = {
      ...lossOf(
        pipelines.flatMap(({ sent }) => sent),
        readers,
      ),
      isBack,
    };
    for (const pipeline of brief ? [] : pipelines)
      await readByOthers(
        report,
        pipeline,
        world,
        dir,
        `pipeline ${pipeline.event.pipeline}, read from the tables by Python`,
      );
    await toxiproxy.stop();
    await zoned.stop();
  },
};

/** One after the other: the next comes when its time has come, and what the one before struck is whole again. */
async function strikeInTurn(
  { report, seed, brief }: Scene,
  blows: readonly Blow[],
  sending: Redundant,
  readers: Readers,
): Promise<void> {
  const { totalMs, everyMs, lastsMs } = brief ? BRIEF : WHOLE;
  const random = seededRandom(`${seed}/blows`);
  const startMs = performance.now();
  for (let nextMs = startMs; nextMs < startMs + totalMs; ) {
    await sleep(Math.max(0, nextMs - performance.now()));
    const blow = blows[Math.floor(random() * blows.length)]!;
    const atMs = performance.now();
    const from = { reads: readers.tookMs.length, failed: readers.failed.length, puts: sending.sent.length };
    const atSec = Math.round((atMs - startMs) / 1000);
    await report.check(`${atSec} s: ${blow.name}`, async () => {
      await blow.strike();
      await sleep(lastsMs);
      const healMs = performance.now();
      await blow.heal();
      const healedMs = performance.now();
      demandNone(readers.failed.slice(from.failed).map(({ what }) => what));
      const puts = sending.sent.slice(from.puts).filter(({ endedMs }) => endedMs !== undefined);
      const back = `whole again after ${((healedMs - healMs) / 1000).toFixed(1)} s`;
      return `PUT ${describeMs(puts.map(({ tookMs }) => tookMs))}; GET ${describeMs(readers.tookMs.slice(from.reads))}; ${back}`;
    });
    nextMs = Math.max(atMs + everyMs, performance.now() + everyMs / 10);
  }
  await sleep(brief ? 2 * DURATION_MS : 10_000);
  report.note(`all this in ${Math.round((performance.now() - startMs) / 1000)} s`);
}
