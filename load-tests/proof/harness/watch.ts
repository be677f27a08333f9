import { setTimeout as sleep } from "node:timers/promises";
import type { Browser, Player } from "./browser.ts";
import type { HlsConfig, Seen } from "./player-page.ts";

const FIRST_PICTURE_MS = 15_000;
/** Decoders leave seams of some samples between segments of MPEG-TS; nothing a viewer could notice. */
const HOLE_SEC = 0.1;

/** Plays a live playlist and resolves when its picture moves. */
export async function startWatching(browser: Browser, playlistUrl: string, config?: HlsConfig): Promise<Player> {
  const player = await browser.play(playlistUrl, config);
  await player.until("moving picture", (seen) => seen.currentTime > 0.1 && seen.frames > 2, FIRST_PICTURE_MS);
  return player;
}

/**
 * Watches for `seconds`. Rejects unless the picture has moved on by as much, less two seconds, in one unbroken buffer
 * and without an error of any kind.
 */
export async function watch(player: Player, seconds: number): Promise<string> {
  const before = await player.state();
  await sleep(seconds * 1000);
  const after = await player.state();
  const moved = after.currentTime - before.currentTime;
  if (moved < seconds - 2) throw new Error(`the picture moved ${moved.toFixed(1)} s in ${seconds}: ${say(after)}`);
  if (after.frames <= before.frames || after.width === 0) throw new Error(`no new picture was decoded: ${say(after)}`);
  if (after.holeSec > HOLE_SEC) throw new Error(`there was a hole of ${after.holeSec} s in the buffer`);
  if (after.fatal.length + after.errors.length > 0) throw new Error(`hls.js had errors: ${say(after)}`);
  return `${moved.toFixed(1)} s of ${seconds}, ${after.frames} pictures, widest hole ${after.holeSec.toFixed(3)} s`;
}

const say = (seen: Seen): string => JSON.stringify(seen);
