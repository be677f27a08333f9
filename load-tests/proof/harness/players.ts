import { run } from "./run.ts";

const DEADLINE_MS = 40_000;

/**
 * What ffprobe finds in a playlist. Rejects if it says anything on stderr, or finds something else than `expected`: by default an
 * H.264 picture and AAC sound.
 */
export async function probe(url: string, expected = /^(?=.*h264)(?=.*aac)/s): Promise<string> {
  const entries = ["-show_entries", "stream=codec_name,width,height", "-of", "csv=p=0"];
  const { code, stdout, stderr } = await run("ffprobe", ["-v", "error", ...entries, url], DEADLINE_MS).ended;
  if (code !== 0 || stderr !== "") throw new Error(`ffprobe ended with ${code}: ${stderr.slice(0, 500)}`);
  const streams = [...new Set(stdout.trim().split(/\s+/))].sort();
  if (!expected.test(stdout)) throw new Error(`ffprobe found ${streams}`);
  return streams.join(" ");
}

/**
 * Decodes `seconds` from a playlist with ffmpeg, as fast as it comes. Rejects if ffmpeg says anything on stderr or gets
 * less than `seconds`, but for one.
 */
export async function play(url: string, seconds: number): Promise<number> {
  const played = await decode(["-i", url, "-t", String(seconds)], DEADLINE_MS + seconds * 1000);
  if (played < seconds - 1) throw new Error(`ffmpeg got ${played} s of ${seconds}`);
  return played;
}

/**
 * Decodes a playlist with ffmpeg until its end, live while it has none, and resolves to the seconds that were in it.
 * Rejects if ffmpeg says anything on stderr, or is still at it `withinMs` after its start.
 */
export const playToEnd = (url: string, withinMs: number): Promise<number> => decode(["-i", url], withinMs);

/** How long an ended playlist is, s, for ffprobe. Rejects if it says anything on stderr. */
export async function durationOf(url: string): Promise<number> {
  const entries = ["-show_entries", "format=duration", "-of", "csv=p=0"];
  const { code, stdout, stderr } = await run("ffprobe", ["-v", "error", ...entries, url], DEADLINE_MS).ended;
  if (code !== 0 || stderr !== "") throw new Error(`ffprobe ended with ${code}: ${stderr.slice(0, 500)}`);
  return Number(stdout);
}

async function decode(input: readonly string[], deadlineMs: number): Promise<number> {
  const args = ["-nostdin", "-v", "error", ...input, "-f", "null", "-progress", "pipe:1", "-"];
  const { code, stdout, stderr } = await run("ffmpeg", args, deadlineMs).ended;
  if (code !== 0 || stderr !== "") throw new Error(`ffmpeg ended with ${code}: ${stderr.slice(0, 500)}`);
  const outTimeUs = [...stdout.matchAll(/^out_time_us=(\d+)$/gm)].at(-1)?.[1];
  return Number(outTimeUs ?? 0) / 1e6;
}
