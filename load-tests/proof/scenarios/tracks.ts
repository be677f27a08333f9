import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { requirePart } from "@headwater/infra";
import { startBrowser } from "../harness/browser.ts";
import { createEvent, endEvent, type ProofEvent } from "../harness/control.ts";
import { probe } from "../harness/players.ts";
import { readList } from "../harness/playlist.ts";
import { run } from "../harness/run.ts";
import { startWatching, watch } from "../harness/watch.ts";
import type { Scenario } from "./scenario.ts";

const BEFORE_PLAYING_MS = 7_000;
const WATCHED_SEC = 6;
const SLACK_MS = 20_000;
const LAST_SEGMENT_MS = 2_000;
const REQUEST_MS = 10_000;

/** Two pictures, each with a sound group in two languages, and subtitles. The URI is that of our rendition. */
const DECLARED = [
  /TYPE=AUDIO,GROUP-ID="group_high",.*DEFAULT=YES,.*LANGUAGE="en",URI="en-high\/index\.m3u8/,
  /TYPE=AUDIO,GROUP-ID="group_high",.*DEFAULT=NO,.*LANGUAGE="de",URI="de-high\/index\.m3u8/,
  /TYPE=AUDIO,GROUP-ID="group_low",.*DEFAULT=YES,.*LANGUAGE="en",URI="en-low\/index\.m3u8/,
  /TYPE=AUDIO,GROUP-ID="group_low",.*DEFAULT=NO,.*LANGUAGE="de",URI="de-low\/index\.m3u8/,
  /TYPE=SUBTITLES,GROUP-ID="subs",.*LANGUAGE="en",URI="hd_vtt\/index\.m3u8/,
  /RESOLUTION=320x180,.*AUDIO="group_high",SUBTITLES="subs"\nhd\/index\.m3u8/,
  /RESOLUTION=160x90,.*AUDIO="group_low".*\nsd\/index\.m3u8/,
];
const MAP =
  "v:0,name:hd,agroup:high,s:0,sgroup:subs,language:en v:1,name:sd,agroup:low " +
  "a:0,agroup:high,language:en,default:yes,name:en-high a:1,agroup:high,language:de,name:de-high " +
  "a:2,agroup:low,language:en,default:yes,name:en-low a:3,agroup:low,language:de,name:de-low";

/** One encoder's sound groups, languages and subtitles: listed as it declares them, and read by ffprobe and hls.js. */
export const tracks: Scenario = async ({ headwater, report, seconds, dir }) => {
  const chromium = await requirePart("chromium");
  if (chromium === undefined) throw new Error("needs Chromium");
  const event = await createEvent(headwater, "tracks");
  await mkdir(dir, { recursive: true });
  const subtitles = join(dir, "subtitles.srt");
  await writeFile(subtitles, cues(seconds));
  const { ended } = run("ffmpeg", encoderArgs(event, subtitles, seconds), seconds * 1000 + SLACK_MS);
  const chrome = await startBrowser(chromium, `${headwater.urls.control}/hls.min.js`);
  try {
    await sleep(BEFORE_PLAYING_MS);
    await report.check("hls.js plays it live, with both languages and subtitles", async () => {
      const player = await startWatching(chrome, event.masterUrl);
      const watched = await watch(player, WATCHED_SEC);
      const { audio, subtitles } = await player.state();
      demand(audio.toSorted().join() === "de,en", `hls.js knows sound in ${audio}`);
      demand(subtitles.join() === "en", `hls.js knows subtitles in ${subtitles}`);
      return `sound ${audio}, subtitles ${subtitles}; ${watched}`;
    });
    await report.check("ffmpeg has nothing to complain of", async () => {
      const { code, stderr } = await ended;
      demand(code === 0 && stderr === "", `it ended with ${code}: ${stderr.slice(-500)}`);
    });
  } finally {
    await chrome.close();
  }
  await sleep(LAST_SEGMENT_MS);
  await endEvent(headwater, event.id);

  const master = `${event.masterUrl}?window=14400`;
  const text = await get(master);
  await report.check("groups, languages and subtitles are listed", async () => {
    const lacking = DECLARED.filter((line) => !line.test(text));
    demand(lacking.length === 0, `not there: ${lacking.join(" ")}`);
    return `${DECLARED.length} lines`;
  });
  await report.check("every rendition is whole", async () => {
    const names = ["hd", "sd", "en-high", "de-high", "en-low", "de-low", "hd_vtt"];
    const counts = await Promise.all(
      names.map((name) => segmentsOf(new URL(`${name}/index.m3u8?window=14400`, master))),
    );
    const wrong = counts.filter((count) => Math.abs(count - seconds / 2) > 1);
    demand(wrong.length === 0, counts.join(" "));
    return `${counts.join(" ")} segments`;
  });
  await report.check("every cue comes back", async () => {
    const list = new URL("hd_vtt/index.m3u8?window=14400", master);
    const { segments } = readList(await get(list));
    const bodies = await Promise.all(segments.map(({ uri }) => get(new URL(uri, list))));
    const found = new Set(bodies.join("\n").match(/^cue \d+$/gm));
    demand(found.size >= seconds - 1, `${found.size} of ${seconds}`);
    return `${found.size} of ${seconds}`;
  });
  // ffmpeg reads no subtitles of HLS, and says so: it is asked about each picture with its sound.
  for (const name of ["hd", "en-high", "de-low"])
    await report.check(`ffprobe reads ${name}`, () => probe(new URL(`${name}/index.m3u8`, master).href, /h264|aac/));
};

/** A cue each second. */
function cues(seconds: number): string {
  const time = (sec: number) => `${new Date(sec * 1000).toISOString().slice(11, 19)},000`;
  return Array.from({ length: seconds }, (_, i) => `${i + 1}\n${time(i)} --> ${time(i + 1)}\ncue ${i}\n`).join("\n");
}

/** ffmpeg sends no header of ours with the list of subtitles, so that the token goes into the URL. */
function encoderArgs({ publishUrl, pipeline, publishToken }: ProofEvent, subtitles: string, seconds: number): string[] {
  const base = publishUrl.replace("://", `://${pipeline}:${publishToken}@`);
  const sound = (hertz: number) => ["-re", "-f", "lavfi", "-i", `sine=frequency=${hertz}:sample_rate=48000`];
  return [
    ...["-hide_banner", "-nostdin", "-loglevel", "error", "-re", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25"],
    ...[...sound(440), ...sound(880), "-re", "-i", subtitles, "-t", `${seconds}`],
    ...["0:v", "0:v", "1:a", "2:a", "1:a", "2:a", "3:s"].flatMap((stream) => ["-map", stream]),
    ...["-c:v", "libx264", "-preset", "ultrafast", "-threads", "1", "-filter:v:1", "scale=-2:90"],
    ...["-g", "50", "-keyint_min", "50", "-sc_threshold", "0", "-c:a", "aac", "-b:a", "64k", "-c:s", "webvtt"],
    ...["-flags", "+global_header", "-f", "hls", "-hls_time", "2", "-hls_list_size", "5", "-method", "PUT"],
    ...["-hls_segment_type", "fmp4", "-hls_fmp4_init_filename", "init.mp4", "-master_pl_name", "master.m3u8"],
    ...["-var_stream_map", MAP, "-hls_segment_filename", `${base}%v/%d.m4s`, `${base}%v/index.m3u8`],
  ];
}

async function segmentsOf(url: URL): Promise<number> {
  const { segments } = readList(await get(url));
  demand(!segments.some(({ gap, discontinuity }) => gap || discontinuity), `${url} has a gap or a discontinuity`);
  return segments.length;
}

async function get(url: URL | string): Promise<string> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(REQUEST_MS) });
  if (!answer.ok) throw new Error(`${url} was answered ${answer.status}`);
  return answer.text();
}

function demand(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}
