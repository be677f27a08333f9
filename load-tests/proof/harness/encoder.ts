import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ProofEvent } from "./control.ts";
import type { Profile } from "./profiles.ts";
import { type Ended, run } from "./run.ts";
import { type TeeOutput, teeArgument } from "./tee.ts";

/** How much longer than its video an encoder may run. */
const SLACK_MS = 15_000;

export interface EncoderOptions {
  readonly profile: Profile;
  readonly event: ProofEvent;
  /** For the copy of everything that is sent. */
  readonly dir: string;
  /** Length of the video; the encoder sends it in real time. */
  readonly seconds: number;
  /**
   * Changes the tone, and the picture's size when odd: an encoder that is started again with the same take sends the
   * same bytes again, with another one other bytes and another init. Default 0.
   */
  readonly take?: number;
}

export interface Encoder {
  readonly dir: string;
  /** Rejects unless ffmpeg ends by itself or by `stop`, with nothing to complain of. */
  readonly ended: Promise<void>;
  /** SIGTERM: ffmpeg sends its last, short segment and ends. */
  stop(): Promise<void>;
}

/**
 * Runs ffmpeg: one encode, muxed twice by its tee muxer with the same options, over HTTP to the publisher and to disk.
 * The muxers see the same packets, so that the bytes on disk are those that are sent.
 */
export function startEncoder(options: EncoderOptions): Encoder {
  const { profile, dir, seconds } = options;
  for (const path of [profile.playlist, profile.segments ?? ""]) {
    for (const index of profile.renditions.keys())
      mkdirSync(dirname(join(dir, path.replace("%v", String(index)))), { recursive: true });
  }
  const { child, ended } = run("ffmpeg", encoderArgs(options), seconds * 1000 + SLACK_MS);
  let stopped = false;
  const clean = ended.then(({ code, stderr }: Ended) => {
    if (stderr !== "" || (code !== 0 && !stopped)) throw new Error(`ffmpeg ended with ${code}: ${stderr.slice(-800)}`);
  });
  clean.catch(() => {});
  return {
    dir,
    ended: clean,
    stop: () => {
      stopped = true;
      child.kill("SIGTERM");
      return clean;
    },
  };
}

export function encoderArgs({ profile, event, dir, seconds, take = 0 }: EncoderOptions): string[] {
  const { heights = [180], frameRate = "25", keyFrameInterval = 50, container } = profile;
  const login = `://${event.pipeline}:${event.publishToken}@`;
  const publishUrl = profile.login ? event.publishUrl.replace("://", login) : event.publishUrl;
  const auth = profile.login ? {} : { headers: `Authorization: Bearer ${event.publishToken}` };
  return [
    ...["-hide_banner", "-nostdin", "-loglevel", "error"],
    ...["-re", "-f", "lavfi", "-i", `testsrc2=size=320x180:rate=${frameRate}`],
    ...["-re", "-f", "lavfi", "-i", `sine=frequency=${pitch(event.id) + take}:sample_rate=48000`],
    ...["-t", String(seconds)],
    ...heights.flatMap((height, i) => [
      "-map",
      "0:v",
      "-map",
      "1:a",
      `-filter:v:${i}`,
      `scale=-2:${height + 16 * (take % 2)}`,
    ]),
    ...["-c:v", "libx264", "-preset", "ultrafast", "-threads", "1", "-pix_fmt", "yuv420p", "-b:v", "150k"],
    ...["-g", String(keyFrameInterval), "-keyint_min", String(keyFrameInterval), "-sc_threshold", "0"],
    ...["-c:a", "aac", "-b:a", "64k"],
    ...(container === "fmp4" ? ["-flags", "+global_header"] : []),
    ...["-f", "tee"],
    teeArgument([
      output(profile, publishUrl, { method: "PUT", ...auth, hls_list_size: 5, ...profile.wire }),
      output(profile, `${dir}/`, { hls_list_size: 0 }),
    ]),
  ];
}

/** In hertz. Every event sounds different, so that no two have the same bytes. */
const pitch = (id: string): number => [...id].reduce((hash, char) => (hash * 31 + char.charCodeAt(0)) % 9973, 0) + 200;

function output(profile: Profile, base: string, own: TeeOutput["options"]): TeeOutput {
  const { container, segments, playlist, hls } = profile;
  return {
    options: {
      f: "hls",
      hls_time: 2,
      hls_segment_type: container,
      ...(container === "fmp4" && { hls_fmp4_init_filename: "init.mp4" }),
      ...(segments !== undefined && { hls_segment_filename: `${base}${segments}` }),
      ...hls,
      ...own,
    },
    url: `${base}${playlist}`,
  };
}
