import { execFile, spawnSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { completeReport } from "../src/index.ts";
import type { InitReport, SegmentReport } from "../src/types.ts";
import { inspect } from "./support/bytes.ts";

jest.setTimeout(60_000);

const run = promisify(execFile);
const hasFfmpeg = spawnSync("ffmpeg", ["-version"]).status === 0;
if (!hasFfmpeg && process.env.CI !== "true") console.warn("SKIPPED: these tests need ffmpeg on the PATH");

interface Encoded {
  readonly init: InitReport | undefined;
  readonly codecs: readonly string[];
  readonly segments: readonly SegmentReport[];
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "headwater-media-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs ffmpeg in a folder of its own and inspects what it wrote: the init, then segments by number. */
async function encode(name: string, options: string): Promise<Encoded> {
  const cwd = await mkdtemp(join(folder, `${name}-`));
  await run("ffmpeg", ["-v", "error", "-threads", "1", ...options.split(" ")], { cwd, timeout: 30_000 });
  const names = (await readdir(cwd)).filter((file) => !file.endsWith(".m3u8")).sort();
  const reports = await Promise.all(names.map(async (file) => inspect(await readFile(join(cwd, file)))));
  const init = reports.flatMap((report) => (report.kind === "init" ? [report.init] : []))[0];
  const segments = reports.flatMap((report) => (report.kind === "segment" ? [report] : []));
  return {
    init,
    codecs: init ? init.tracks.map((track) => track.codec) : (segments[0]?.codecs ?? []),
    segments: segments.map((segment) => completeReport(segment, init)),
  };
}

const PICTURES = "-f lavfi -i testsrc=s=320x180:r";
const TONE = "-f lavfi -i sine=r=48000";
const X264 = "-c:v libx264 -preset ultrafast -profile:v main -pix_fmt yuv420p";
const FMP4 = "-f hls -hls_time 2 -hls_list_size 0 -hls_segment_type fmp4 -hls_segment_filename %d.m4s out.m3u8";
const TS = "-f hls -hls_time 2 -hls_list_size 0 -hls_segment_filename %d.ts out.m3u8";

/** What is told of each segment: [duration in s as a fraction, ms since the first, defects]. */
function course({ segments }: Encoded) {
  const first = segments[0]?.decodeTimeMs ?? Number.NaN;
  return segments.map(({ duration, decodeTimeMs, defects }) => [
    `${duration?.ticks}/${duration?.timescale}`,
    Math.round((decodeTimeMs ?? Number.NaN) - first),
    ...defects,
  ]);
}

const suite = hasFfmpeg || process.env.CI === "true" ? describe : describe.skip;
suite("segments of ffmpeg", () => {
  test("fMP4, 25 fps, B-frames, with audio", async () => {
    const encoded = await encode("fmp4", `${PICTURES}=25 ${TONE} -t 6 ${X264} -bf 2 -g 50 -c:a aac ${FMP4}`);
    expect(encoded.init?.tracks).toMatchObject([
      { type: "video", codec: expect.stringMatching(/^avc1\.4d40[0-9a-f]{2}$/), width: 320, height: 180 },
      { type: "audio", codec: "mp4a.40.2", timescale: 48000 },
    ]);
    expect(course(encoded)).toEqual([
      ["25600/12800", 0],
      ["25600/12800", 2000],
      ["25600/12800", 4000],
    ]);
    expect(encoded.segments.every((segment) => segment.video && segment.samples === 50)).toBe(true);
  });

  test("fMP4, 29.97 fps", async () => {
    const encoded = await encode("ntsc", `${PICTURES}=30000/1001 -t 4.004 ${X264} -r 30000/1001 -g 60 ${FMP4}`);
    expect(course(encoded)).toEqual([
      ["60060/30000", 0],
      ["60060/30000", 2002],
    ]);
  });

  test("fMP4, HEVC", async () => {
    const x265 =
      "-c:v libx265 -preset ultrafast -x265-params log-level=none:keyint=50:min-keyint=50:open-gop=0 -tag:v hvc1";
    const encoded = await encode("hevc", `${PICTURES}=25 -t 4 ${x265} -pix_fmt yuv420p ${FMP4}`);
    expect(encoded.codecs).toEqual(["hvc1.1.6.L60.90"]);
    expect(course(encoded).map(([duration]) => duration)).toEqual(["25600/12800", "25600/12800"]);
  });

  test.each([
    ["aac", "mp4a.40.2"],
    ["ac3", "ac-3"],
    ["libopus", "Opus"],
  ])("fMP4, %s alone", async (encoder, codec) => {
    const encoded = await encode(encoder, `${TONE} -t 4 -c:a ${encoder} ${FMP4}`);
    expect(encoded.codecs).toEqual([codec]);
    for (const { duration, video, defects } of encoded.segments.slice(0, 1)) {
      expect({ duration: Math.round((duration!.ticks * 10) / duration!.timescale), video, defects }).toEqual({
        duration: 20,
        video: false,
        defects: [],
      });
    }
  });

  test("TS, 29.97 fps, B-frames, with audio", async () => {
    const video = `${X264} -bf 2 -r 30000/1001 -g 60`;
    const encoded = await encode("ts", `${PICTURES}=30000/1001 ${TONE} -t 6.006 ${video} -c:a aac ${TS}`);
    expect(encoded.codecs).toEqual([expect.stringMatching(/^avc1\.4d40[0-9a-f]{2}$/), "mp4a.40.2"]);
    expect(course(encoded)).toEqual([
      ["180180/90000", 0],
      ["180180/90000", 2002],
      ["180180/90000", 4004],
    ]);
    expect(encoded.segments.every((segment) => segment.video && segment.samples === 60)).toBe(true);
  });

  test("TS, HEVC", async () => {
    const x265 = "-c:v libx265 -preset ultrafast -x265-params log-level=none:keyint=50:min-keyint=50:open-gop=0";
    const encoded = await encode("ts-hevc", `${PICTURES}=25 -t 2 ${x265} -pix_fmt yuv420p ${TS}`);
    expect(encoded.codecs).toEqual(["hvc1.1.6.L60.90"]);
    expect(course(encoded)).toEqual([["180000/90000", 0]]);
  });

  test("TS, AAC alone: no frame is lost or counted twice", async () => {
    const encoded = await encode("ts-aac", `${TONE} -t 6 -c:a aac ${TS}`);
    expect(encoded.codecs).toEqual(["mp4a.40.2"]);
    const [first, second] = encoded.segments;
    const firstMs = (first!.duration!.ticks * 1000) / 90000;
    expect(Math.abs(second!.decodeTimeMs! - first!.decodeTimeMs! - firstMs)).toBeLessThan(0.1);
    expect(encoded.segments.reduce((sum, { samples }) => sum + samples!, 0)).toBe(283);
  });

  test("packed AAC", async () => {
    const encoded = await encode(
      "adts",
      `${TONE} -t 6 -c:a aac -f segment -segment_time 2 -segment_format adts %d.aac`,
    );
    expect(encoded.codecs).toEqual(["mp4a.40.2"]);
    expect(encoded.segments.map(({ container, defects }) => [container, defects])).toEqual(
      Array.from(encoded.segments, () => ["aac", []]),
    );
    expect(encoded.segments.reduce((sum, { samples }) => sum + samples!, 0)).toBe(283);
    expect(encoded.segments[0]!.duration).toEqual({ ticks: encoded.segments[0]!.samples! * 1024, timescale: 48000 });
  });
});
