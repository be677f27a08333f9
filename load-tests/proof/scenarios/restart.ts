import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { requirePart } from "@headwater/infra";
import { startBrowser } from "../harness/browser.ts";
import { createEvent, endEvent } from "../harness/control.ts";
import { startEncoder } from "../harness/encoder.ts";
import { profile } from "../harness/profiles.ts";
import { readBack } from "../harness/read-back.ts";
import { startWatching } from "../harness/watch.ts";
import type { Scenario } from "./scenario.ts";

const BEFORE_PLAYING_MS = 7_000;
/** What the player has buffered, and what it takes until the new encoder's first segment is there. */
const PAST_MS = 25_000;
const SLACK_MS = 10_000;

/** The third start sends the bytes of the second once more, as encoders of a file or a test picture do. */
const TAKES = [1, 2, 2];

/** The encoder is stopped and started again, with numbers from 0; the same player goes on past the discontinuities. */
export const restart: Scenario = async ({ headwater, report, seconds, dir }) => {
  const chromium = await requirePart("chromium");
  if (chromium === undefined) throw new Error("needs Chromium");
  const browser = await startBrowser(chromium, `${headwater.urls.control}/hls.min.js`);
  const restarted = async (name: string) => {
    const setup = profile(name);
    const event = await createEvent(headwater, `restart-${name}`);
    const dirs = TAKES.map((_, i) => join(dir, name, `run-${i}`));
    const start = (run: number) =>
      startEncoder({ profile: setup, event, dir: dirs[run]!, seconds: seconds + 60, take: TAKES[run]! });

    let encoder = start(0);
    await sleep(BEFORE_PLAYING_MS);
    await report.check(`${name}: plays past ${TAKES.length - 1} restarts of the encoder`, async () => {
      const player = await startWatching(browser, event.masterUrl);
      const passedAt: string[] = [];
      for (const run of TAKES.keys()) {
        if (run > 0) {
          await encoder.stop();
          encoder = start(run);
          const { currentTime } = await player.until("discontinuity", (seen) => seen.continuities > run, PAST_MS);
          passedAt.push(currentTime.toFixed(1));
        }
        const { currentTime } = await player.state();
        const forSec = seconds / TAKES.length;
        await player.until("going on", (seen) => seen.currentTime > currentTime + forSec, forSec * 1000 + SLACK_MS);
      }
      const { currentTime } = await player.state();
      return `at ${passedAt.join(" s and ")} s, went on to ${currentTime.toFixed(1)} s`;
    });
    await report.check(`${name}: all runs read back byte for byte`, async () => {
      await encoder.stop();
      const base = `${headwater.urls.origin}/live/${event.id}`;
      await readBack({ profile: setup, dirs, base, live: true });
      await endEvent(headwater, event.id);
      const { segments, bytes } = await readBack({ profile: setup, dirs, base });
      return `${segments} segments, ${bytes} bytes`;
    });
  };
  try {
    await Promise.all(["fmp4", "ts", "default-names", "renditions-flat"].map(restarted));
  } finally {
    await browser.close();
  }
};
