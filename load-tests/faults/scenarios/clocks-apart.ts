import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { until } from "@headwater/infra";
import {
  findFaketime,
  type SteppedService,
  startSteppedOrigin,
  startSteppedPublisher,
} from "../../proof/harness/stepped-service.ts";
import { demandNone, Live } from "../live.ts";
import { type Fault, type Scene, visibleWithinMs } from "../scene.ts";
import { SeededEncoder } from "../traffic/encoder.ts";
import { createClockedEvent } from "../traffic/event.ts";
import { describeMs } from "../traffic/figures.ts";
import { readMetrics } from "../traffic/metrics.ts";
import { isAcknowledged, put } from "../traffic/put.ts";
import { newestTokenMs } from "../traffic/tokens.ts";
import { CLUSTERS } from "../world.ts";

const HOUR_MS = 3_600_000;
const OFFSETS_MS = [1_500, 5_000, 0, -1_500, -5_000, HOUR_MS, 0, -HOUR_MS, 0];
/** A row is refused beyond it. */
const BOUND_MS = 2_000;
/** A PUT that was under way at the step may still end either way. */
const SETTLED_MS = 700;
const PHASE_MS = 5_000;
/** A look at the store's clock is off by half of what it took. */
const LOOK_ERROR_MS = 600;
const DURATION_MS = 1_000;

/**
 * One publisher and one origin whose clocks are stepped, beside others that are right. Within the bound everything goes
 * on, and of two writes of one row the later one counts; beyond it nothing is written, and a reason is given.
 */
export const clocksApart: Fault = {
  does: "The clocks of a publisher and an origin are stepped by 1.5 s, 5 s and an hour, both ways, while they work",
  stores: CLUSTERS,
  deadlineMs: 240_000,
  run: async (scene) => {
    const { report, world, seed, dir } = scene;
    const library = findFaketime();
    if (library === undefined) throw new Error("libfaketime is missing on this machine");
    const headwater = await scene.start();
    const publisher = await startSteppedPublisher(headwater, library, join(dir, "publisher"));
    const origin = await startSteppedOrigin(headwater, library, join(dir, "origin"));
    const right = await createClockedEvent(headwater, "faults", DURATION_MS);
    const stepped = { ...right, publishUrl: `${publisher.url}${new URL(right.publishUrl).pathname}` };
    const encoder = new SeededEncoder({
      event: stepped,
      seed,
      renditions: ["r1", "r2"],
      minBytes: 100_000,
      maxBytes: 500_000,
    });
    const live = new Live(scene, encoder, 2);
    const newest = newestWins(scene, `${headwater.urls.origin}/live/${right.id}/master.m3u8`);
    try {
      await sleep(3_000);
      for (const offMs of OFFSETS_MS.slice(0, scene.brief ? 3 : undefined)) {
        await Promise.all([publisher, origin].map((one) => one.step(offMs)));
        const fromMs = performance.now() + SETTLED_MS;
        await sleep(SETTLED_MS);
        const isOff = Math.abs(offMs) > BOUND_MS;
        const name = `${offMs / 1000} s`;
        await report.check(`${name}: both say so`, async () => {
          for (const one of [publisher, origin]) await saysSo(one, offMs, isOff);
        });
        await report.check(`${name}: of two writes of one row the later one counts`, async () => {
          const writers = isOff ? [right] : [stepped, right, stepped, right];
          for (const writer of writers) await newest(writer);
          return `${writers.length} writes`;
        });
        await sleep(Math.max(0, fromMs + PHASE_MS - performance.now()));
        const puts = encoder.sent.filter(({ endedMs = 0 }) => endedMs > fromMs);
        await report.check(`${name}: every PUT is ${isOff ? "503 store-clock" : "taken"}`, async () => {
          demandNone(
            puts.filter((one) => (isOff ? one.status !== 503 : !isAcknowledged(one))).map(({ status }) => `${status}`),
          );
          if (puts.length === 0) throw new Error("there were none");
          if (isOff) await refusedByClock(stepped);
          return describeMs(puts.map(({ tookMs }) => tookMs));
        });
        await report.check(`${name}: no row has a token from the future`, async () => {
          const aheadMs = (await newestTokenMs(world.settings)) - Date.now();
          if (aheadMs > BOUND_MS) throw new Error(`one is ${aheadMs.toFixed(0)} ms ahead`);
        });
      }
    } finally {
      await live.stop();
      await publisher.stop();
      await origin.stop();
    }
    await live.judge();
  },
};

/** On /readyz beyond the bound, and in its metrics always. */
async function saysSo({ adminUrl }: SteppedService, offMs: number, isOff: boolean): Promise<void> {
  const answer = await fetch(`${adminUrl}/readyz`, { signal: AbortSignal.timeout(2_000) });
  const text = await answer.text();
  if (isOff !== (answer.status === 503 && text.includes("the clock of this machine"))) {
    throw new Error(`/readyz is ${answer.status} ${text}`);
  }
  const told = (await readMetrics(adminUrl)).find((metric) => metric.name === "headwater_clock_ahead_seconds");
  const toldMs = 1000 * (told?.value ?? Number.NaN);
  if (!(Math.abs(toldMs - offMs) <= LOOK_ERROR_MS)) throw new Error(`its metric says ${toldMs} ms`);
}

async function refusedByClock({ publishUrl, publishToken }: { publishUrl: string; publishToken: string }) {
  const answer = await fetch(`${publishUrl}/r1/1.m4s`, {
    method: "PUT",
    headers: { Authorization: `Bearer ${publishToken}` },
    body: Buffer.alloc(100),
    signal: AbortSignal.timeout(5_000),
  });
  const text = await answer.text();
  if (answer.status !== 503 || !text.includes('"store-clock"') || !answer.headers.has("retry-after")) {
    throw new Error(`${answer.status} ${text}`);
  }
}

/** Writes one row anew with each call, by the publisher that is given, and sees it where all others read. */
function newestWins(scene: Scene, masterUrl: string) {
  let bandwidth = 1_000_000;
  return async (writer: Parameters<typeof put>[0]) => {
    bandwidth += 1_000;
    const text = `#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=${bandwidth}\nr1/index.m3u8\n`;
    const { status } = await put(writer, "master.m3u8", Buffer.from(text));
    if (status !== 200 && status !== 201) throw new Error(`the playlist was answered ${status}`);
    await until(async () => {
      const answer = await fetch(masterUrl, { signal: AbortSignal.timeout(2_000) });
      const list = await answer.text();
      if (!list.includes(`BANDWIDTH=${bandwidth}`)) throw new Error(`${bandwidth} is not in ${list}`);
    }, 2 * visibleWithinMs(scene));
  };
}
