import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Service, startOriginBeside, until } from "@headwater/infra";
import { demandNone, Live } from "../live.ts";
import type { Fault, Scene } from "../scene.ts";
import type { Sent, SentSegments } from "../traffic/encoder.ts";
import { FarReads, told } from "../traffic/far-reads.ts";
import { describeMs, percentile } from "../traffic/figures.ts";
import { get } from "../traffic/get.ts";
import { readBack } from "../traffic/read-back.ts";
import { storeEvents } from "../traffic/store-events.ts";
import { watchVisible } from "../traffic/visible.ts";
import type { Victim } from "../victim.ts";
import { CALM, WARM_UP_MS } from "./one-node.ts";

/** Half of what three nodes can do: the second region's origins and their readers share the two processors. */
const CALMER = { ...CALM, durationMs: 2 * CALM.durationMs };
const OUT_MS = 30_000;
const CAUGHT_UP_WITHIN_MS = 60_000;
/** `farMedianMs`: without notices a tail is read every quarter of a second. */
const WHOLE = { warmUpMs: WARM_UP_MS, visible: 40, farMedianMs: 500, outMs: OUT_MS, afterMs: 5_000, putP99Ms: 500 };
/** A test run shares the machine with others. */
const BRIEF = { warmUpMs: 1_000, visible: 4, farMedianMs: 1_500, outMs: 5_000, afterMs: 1_000, putP99Ms: 3_000 };

/** A region that publishes and reads, and one that only reads, in its own datacenter. */
interface Regions {
  readonly live: Live;
  readonly origin: Service;
  /** One more there, that hears the first region's notices. */
  readonly toldOrigin: Service;
  /** What is sent in the one, read in the other. */
  readonly far: SentSegments;
  readonly reads: FarReads;
  stop(): Promise<void>;
}

async function startRegions(scene: Scene): Promise<Regions> {
  const headwater = await scene.start();
  const { settings, elsewhere } = scene.world;
  const env = { ...headwater.storeSettings, ...elsewhere };
  const origin = await startOriginBeside({ dir: join(scene.dir, "far"), env });
  const told = { ...env, HEADWATER_REDIS_URL: settings.HEADWATER_REDIS_URL };
  const toldOrigin = await startOriginBeside({ dir: join(scene.dir, "far-told"), env: told });
  const live = await Live.start(scene, headwater, CALMER);
  const far = live.encoder.at(origin.url);
  const stop = async () => {
    await Promise.all([origin.stop(), toldOrigin.stop()]);
  };
  return { live, origin, toldOrigin, far, reads: new FarReads(far, scene.seed), stop };
}

/** How soon after its 2xx a segment is served in either region, asked for at once and held where it is not there yet. */
async function compareVisible(scene: Scene, { live, far, origin, toldOrigin }: Regions): Promise<void> {
  const { report, brief } = scene;
  const { visible, farMedianMs } = brief ? BRIEF : WHOLE;
  await report.check(`in peace: served in both regions within ${farMedianMs} ms of the 2xx (median)`, async () => {
    const seen = await Promise.all([
      watchVisible(live.encoder, "r1", visible),
      watchVisible(far, "r2", visible),
      watchVisible(live.encoder.at(toldOrigin.url), "r3", visible),
    ]);
    const [near, there, whereTold] = seen.map((of) => of.map(({ servedMs }) => servedMs));
    const summary = `where it was sent ${describeMs(near!)}; in the other region ${describeMs(there!)}; there with notices ${describeMs(whereTold!)}`;
    if (percentile(there!, 0.5) > farMedianMs) throw new Error(summary);
    return summary;
  });
  const asked = await Promise.all([origin, toldOrigin].map(({ adminUrl }) => storeEvents(adminUrl)));
  report.note(`in peace the home was asked: ${asked.map(({ home = 0 }) => home).join(", with notices ")}`);
}

/** The region that only reads loses its datacenter, and with it all that is published meanwhile. */
const farDatacenter = (
  does: string,
  strike: (node: Victim) => void,
  bringBack: (node: Victim) => Promise<void> | void,
): Fault => ({
  does,
  stores: ["regions"],
  deadlineMs: 400_000,
  run: async (scene) => {
    const { report, world, brief } = scene;
    const { warmUpMs, outMs: lastsMs, afterMs, putP99Ms } = brief ? BRIEF : WHOLE;
    const node = world.nodes.at(-1);
    if (node === undefined || world.elsewhere === undefined) throw new Error("needs two datacenters");
    const regions = await startRegions(scene);
    const { live, origin, far, reads } = regions;
    let [warmMs, outMs, backMs, wholeMs] = [0, 0, 0, 0];
    try {
      await sleep(warmUpMs);
      warmMs = performance.now();
      await compareVisible(scene, regions);
      outMs = performance.now();
      strike(node);
      await sleep(lastsMs);
      backMs = performance.now();
      await bringBack(node);
      wholeMs = performance.now();
      const missed = live.encoder.acknowledged.filter(({ endedMs }) => endedMs! > outMs && endedMs! < backMs);
      await report.check(`the region has caught up within ${CAUGHT_UP_WITHIN_MS / 1000} s, without a restart`, () =>
        caughtUp(far, missed, wholeMs),
      );
      const asked = await storeEvents(origin.adminUrl);
      report.note(`asked of the home until then: ${asked.home ?? 0}, in vain ${asked["home-failed"] ?? 0}`);
      await sleep(afterMs);
    } finally {
      await live.stop();
      await reads.stop();
    }
    await live.judgePuts();
    await report.check(`PUT p99 < ${putP99Ms} ms without the datacenter`, async () => {
      const during = live.putsMs(outMs, backMs);
      const summary = `${describeMs(during)}; before ${describeMs(live.putsMs(warmMs, outMs))}`;
      if (percentile(during, 0.99) >= putP99Ms) throw new Error(summary);
      return summary;
    });
    await report.check("the region never says for more than a second that an acknowledged segment is missing", () =>
      reads.judge(),
    );
    report.note(`the region while it was cut: ${told(reads.between(outMs, backMs))}`);
    report.note(`and while it caught up: ${told(reads.between(backMs, performance.now()))}`);
    await report.check("read back in the other region", () => readBack(far));
    await live.judge();
    await regions.stop();
  },
});

/** Asks for each of them until it is served. Resolves to how long that took, from `fromMs` on. */
async function caughtUp(far: SentSegments, missed: readonly Sent[], fromMs: number): Promise<string> {
  if (missed.length === 0) throw new Error("nothing was published meanwhile");
  let firstMs = 0;
  await until(async () => {
    const answers = await Promise.all(missed.map((one) => get(far.urlOf(one)).catch(() => undefined)));
    const served = answers.filter((got, i) => got?.status === 200 && got.body.equals(far.bytesOf(missed[i]!)));
    if (served.length > 0) firstMs ||= performance.now() - fromMs;
    if (served.length < missed.length) throw new Error(`${served.length} of ${missed.length} are served`);
  }, CAUGHT_UP_WITHIN_MS);
  const allMs = performance.now() - fromMs;
  return `first of ${missed.length} missed served after ${(firstMs / 1000).toFixed(1)} s, all after ${(allMs / 1000).toFixed(1)} s`;
}

export const farKilled = farDatacenter(
  "The only node of the datacenter that the other region reads is killed with -9, and started again after half a minute",
  (node) => node.kill(),
  (node) => node.startAgain(),
);

export const farFrozen = farDatacenter(
  "The only node of the datacenter that the other region reads hangs (SIGSTOP) for half a minute, and goes on",
  (node) => node.freeze(),
  (node) => node.thaw(),
);

/** The datacenter that is written to has two copies: with one of two nodes gone there is no quorum for anybody. */
export const homeNodeKilled: Fault = {
  does: "One of the two nodes of the datacenter that is written to is killed with -9, and started again after half a minute",
  stores: ["regions"],
  deadlineMs: 400_000,
  run: async (scene) => {
    const { report, world } = scene;
    const node = world.nodes[1];
    if (node === undefined || world.elsewhere === undefined) throw new Error("needs two datacenters");
    const regions = await startRegions(scene);
    const { live, far, reads } = regions;
    let [outMs, backMs] = [0, Number.POSITIVE_INFINITY];
    try {
      await sleep(WARM_UP_MS);
      outMs = performance.now();
      node.kill();
      await sleep(OUT_MS);
      await node.startAgain();
      backMs = performance.now() + 10_000;
      await sleep(15_000);
    } finally {
      await live.stop();
      await reads.stop();
    }
    const isOut = (ms: number) => ms > outMs && ms < backMs;
    await report.check("a PUT that is not taken is 503, and nothing fails before or after", async () => {
      const wrong = live.encoder.failed.filter(({ status, endedMs }) => status !== 503 || !isOut(endedMs!));
      demandNone(wrong.map(({ rendition, number, status }) => `${rendition}/${number}: ${status ?? "no answer"}`));
      return `${live.encoder.failed.length} × 503 of ${live.encoder.sent.length}`;
    });
    await report.check(
      "the region that reads never says for more than a second that an acknowledged segment is missing",
      () => reads.judge(),
    );
    report.note(`that region meanwhile: ${told(reads.between(outMs, backMs))}`);
    await report.check("read back in the other region", () => readBack(far));
    await live.judge(({ atMs }) => isOut(atMs));
    await regions.stop();
  },
};
