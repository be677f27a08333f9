import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { findBinary } from "@headwater/infra";

const CACHE = join(import.meta.dirname, "..", "..", ".cache", "ffmpeg-npm");
const PACKAGE = "@ffmpeg-installer/linux-x64@4.1.0";
const BUNDLED = join(CACHE, "node_modules", "@ffmpeg-installer", "linux-x64", "ffmpeg");

export type Publishing = { readonly pipeline: string; readonly publishUrl: string; readonly publishToken: string };
export type EncoderOptions = {
  /** Whether ffmpeg goes on when the publisher cannot be reached, rather than end. */
  readonly outlivePublisher: boolean;
  /** The bundled ffmpeg of 2018 cannot send headers of ours for HLS: it logs in with pipeline and token. */
  readonly basic?: boolean;
};

/** Arguments that publish a test picture and tone as HLS with fMP4 segments of 2 s, in real time, without an end. */
export function encoderArgs(
  { pipeline, publishUrl, publishToken }: Publishing,
  { outlivePublisher, basic = false }: EncoderOptions,
): string[] {
  const base = publishUrl.replace(/\/$/, "");
  const rendition = `${basic ? base.replace("://", `://${pipeline}:${publishToken}@`) : base}/720p`;
  return [
    ...["-hide_banner", "-nostdin", "-loglevel", "error"],
    ...["-re", "-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=25"],
    ...["-re", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000"],
    ...["-c:v", "libx264", "-preset", "ultrafast", "-b:v", "1500k", "-pix_fmt", "yuv420p"],
    ...["-g", "50", "-keyint_min", "50", "-sc_threshold", "0"],
    ...["-c:a", "aac", "-b:a", "96k"],
    ...["-f", "hls", "-hls_time", "2", "-hls_list_size", "5", "-hls_segment_type", "fmp4"],
    ...["-hls_fmp4_init_filename", "init.mp4", "-hls_segment_filename", `${rendition}/%d.m4s`],
    ...["-method", "PUT"],
    ...(basic ? [] : ["-headers", `Authorization: Bearer ${publishToken}`]),
    ...(outlivePublisher ? ["-ignore_io_errors", "1"] : []),
    `${rendition}/index.m3u8`,
  ];
}

/** A line that any POSIX shell runs as it is. */
export function shellLine(command: string, args: readonly string[]): string {
  return [command, ...args].map((a) => (/^[\w@%+=:,./-]+$/.test(a) ? a : `'${a.replaceAll("'", `'\\''`)}'`)).join(" ");
}

/** The ffmpeg of this machine, else one of the npm registry for Linux on x64, fetched once into .cache. */
export function findFfmpeg(): { readonly path: string; readonly basic: boolean } {
  const installed = findBinary("ffmpeg");
  if (installed) return { path: installed, basic: false };
  if (!existsSync(BUNDLED)) {
    spawnSync(
      "npm",
      ["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", CACHE, PACKAGE],
      {
        stdio: ["ignore", 2, 2],
      },
    );
  }
  if (existsSync(BUNDLED)) return { path: BUNDLED, basic: true };
  throw new Error("ffmpeg is neither on the PATH nor to be had from the npm registry for this machine");
}
