import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { requirePart, startEdge } from "@headwater/infra";
import { type Player, startBrowser } from "../harness/browser.ts";
import { createEvent, endEvent } from "../harness/control.ts";
import { startEncoder } from "../harness/encoder.ts";
import { durationOf, playToEnd } from "../harness/players.ts";
import { readList } from "../harness/playlist.ts";
import { profile } from "../harness/profiles.ts";
import { startWatching, watch } from "../harness/watch.ts";
import type { Scenario } from "./scenario.ts";

const BEFORE_PLAYING_MS = 7_000;
/** The encoder's start, the seeks, and what machines take. */
const SLACK_SEC = 60;
const DVR_SEC = 10;
const FURTHEST_BACK_SEC = 60;
/** Less than how far back the player goes: it has to load anew what is there. */
const CONFIG = { backBufferLength: 4 };
const LONGEST_STILL_MS = 2_000;
/** From the end of the event to the end of the picture: what the player is behind, and a reload of the playlist. */
const END_MS = 30_000;
const TOLERANCE_SEC = 1;

/** hls.js and ffmpeg follow one live event to its end, through Varnish; half-way the player goes back and returns. */
export const follow: Scenario = async ({ headwater, report, seconds, dir }) => {
  const chromium = await requirePart("chromium");
  if (chromium === undefined) throw new Error("needs Chromium");
  const origin = new URL(headwater.urls.origin).host;
  const varnish = await startEdge({ kind: "varnish", origin, dir: join(dir, "varnish") });
  const chrome = await startBrowser(chromium, `${headwater.urls.control}/hls.min.js`);
  try {
    const setup = profile("fmp4");
    const event = await createEvent(headwater, "follow");
    const encoder = startEncoder({ profile: setup, event, dir: join(dir, "sent"), seconds: seconds + SLACK_SEC });
    await sleep(BEFORE_PLAYING_MS);

    const master = `${varnish.url}/live/${event.id}/master.m3u8`;
    const startedAtMs = performance.now();
    const reader = playToEnd(master, (seconds + SLACK_SEC) * 1000 + END_MS);
    reader.catch(() => {}); // its check tells
    const player = await startWatching(chrome, `${master}?window=14400`, CONFIG);
    await report.check("hls.js plays at the live edge", () => watch(player, seconds / 2));
    await report.check("hls.js plays back in the DVR window", async () => {
      const { currentTime, seekableFrom, bufferedFrom } = await player.state();
      const backSec = Math.min(FURTHEST_BACK_SEC, (currentTime - seekableFrom) / 2);
      const toSec = currentTime - backSec;
      const how = toSec < bufferedFrom ? "loaded anew" : "still buffered";
      return `${backSec.toFixed(1)} s back, ${how}: ${await watchFrom(player, toSec, DVR_SEC)}`;
    });
    await report.check("hls.js goes on at the live edge", async () => {
      const { liveEdge } = await player.state();
      if (liveEdge === null) throw new Error("hls.js knows no live edge");
      return watchFrom(player, liveEdge, Math.max(seconds / 2 - DVR_SEC, DVR_SEC));
    });

    await encoder.stop();
    await endEvent(headwater, event.id);
    const followedSec = (performance.now() - startedAtMs) / 1000;
    const sentSec = await lengthOf(join(encoder.dir, setup.playlist));
    await report.check("hls.js reaches the end", async () => {
      const seen = await player.until("end", ({ ended }) => ended, END_MS);
      isAbout("the picture's end", seen.currentTime, sentSec);
      if (seen.errors.length > 0) throw new Error(`hls.js had errors: ${seen.errors.join("; ")}`);
      if (seen.stillMs > LONGEST_STILL_MS) throw new Error(`the picture stood still for ${seen.stillMs} ms`);
      return `at ${seen.currentTime.toFixed(2)} s of ${sentSec.toFixed(2)}; never still for more than ${Math.ceil(seen.stillMs)} ms`;
    });
    await report.check("ffmpeg followed to the end", async () => {
      const played = await reader;
      if (played < followedSec - TOLERANCE_SEC) throw new Error(`it got ${played} s in ${followedSec} s`);
      return `${played.toFixed(1)} s in ${followedSec.toFixed(1)} s`;
    });
    await report.check("ffprobe and ffmpeg read the ended event", async () => {
      const whole = `${master}?window=14400`;
      const [probed, decoded] = [await durationOf(whole), await playToEnd(whole, END_MS)];
      isAbout("the event for ffprobe", probed, sentSec);
      isAbout("the event for ffmpeg", decoded, sentSec);
      return `${probed.toFixed(2)} s and ${decoded.toFixed(2)} s of ${sentSec.toFixed(2)}`;
    });
  } finally {
    await chrome.close();
    await varnish.stop();
  }
};

async function watchFrom(player: Player, fromSec: number, seconds: number): Promise<string> {
  await player.seek(fromSec);
  const moves = await player.until("picture after the seek", (seen) => seen.currentTime > fromSec + 0.1, END_MS);
  if (moves.currentTime > fromSec + 3) throw new Error(`sought ${fromSec} s, but plays at ${moves.currentTime} s`);
  return watch(player, seconds);
}

/** Of all that the encoder sent, s. */
async function lengthOf(playlist: string): Promise<number> {
  const { segments } = readList(await readFile(playlist, "utf8"));
  return segments.reduce((sum, { durationSec }) => sum + durationSec, 0);
}

function isAbout(what: string, gotSec: number, expectedSec: number): void {
  if (!(Math.abs(gotSec - expectedSec) < TOLERANCE_SEC)) throw new Error(`${what} is ${gotSec} s of ${expectedSec}`);
}
