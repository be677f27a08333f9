import { execFile, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { TestPublisher } from "./support/publisher.ts";
import { pause } from "./support/wire.ts";

jest.setTimeout(90_000);

const run = promisify(execFile);
const hasFfmpeg = spawnSync("ffmpeg", ["-version"]).status === 0;
if (!hasFfmpeg && process.env.CI !== "true") console.warn("SKIPPED: these tests need ffmpeg on the PATH");
const testWithFfmpeg = hasFfmpeg || process.env.CI === "true" ? test : test.skip;

let publisher: TestPublisher;
let folder: string;
let source: string;

beforeAll(async () => {
  publisher = await TestPublisher.start();
  folder = await mkdtemp(join(tmpdir(), "headwater-encoders-"));
  source = join(folder, "source.mp4");
  if (!hasFfmpeg) return;
  const pictures = "-f lavfi -i testsrc2=s=320x180:r=25:d=7 -f lavfi -i sine=r=48000:d=7";
  const codecs = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 25 -sc_threshold 0 -c:a aac";
  await run("ffmpeg", [..."-v error -threads 1".split(" "), ...`${pictures} ${codecs}`.split(" "), source]);
});
afterAll(async () => {
  await publisher.close();
  await rm(folder, { recursive: true, force: true });
});

interface Encoder {
  readonly id: string;
  /** Options of both outputs, the one over HTTP and the one to disk. */
  readonly output: string;
  readonly http?: string;
  /** Names inside the pipeline. */
  readonly segments: string;
  readonly playlist: string;
  readonly renditions: readonly string[];
  readonly passwordInUrl?: true;
  /** Names of what the disk holds, by rendition. */
  readonly onDisk: (rendition: string) => RegExp;
  readonly hasInit: boolean;
}

const COPY = "-map 0:v -map 0:a -c copy";
const FMP4 = "-hls_segment_type fmp4 -hls_fmp4_init_filename init.mp4";
const ENCODERS: readonly Encoder[] = [
  {
    id: "fmp4",
    output: `${COPY} ${FMP4}`,
    segments: "720p/seg-%05d.m4s",
    playlist: "720p/index.m3u8",
    renditions: ["720p"],
    onDisk: () => /^720p\/seg-\d+\.m4s$/,
    hasInit: true,
  },
  {
    id: "ts",
    output: COPY,
    segments: "720p/%d.ts",
    playlist: "720p/index.m3u8",
    renditions: ["720p"],
    onDisk: () => /^720p\/\d+\.ts$/,
    hasInit: false,
  },
  {
    id: "persistent",
    output: `${COPY} ${FMP4}`,
    http: "-http_persistent 1 -hls_flags delete_segments -hls_list_size 3",
    segments: "720p/%d.m4s",
    playlist: "720p/index.m3u8",
    renditions: ["720p"],
    onDisk: () => /^720p\/\d+\.m4s$/,
    hasInit: true,
  },
  {
    id: "password",
    output: COPY,
    segments: "720p/%d.ts",
    playlist: "720p/index.m3u8",
    renditions: ["720p"],
    passwordInUrl: true,
    onDisk: () => /^720p\/\d+\.ts$/,
    hasInit: false,
  },
  {
    id: "flat",
    output: `-map 0:v -map 0:a -map 0:v -map 0:a -c copy ${FMP4}`,
    segments: "stream_%v_%d.m4s",
    playlist: "stream_%v.m3u8",
    renditions: ["stream_low", "stream_high"],
    onDisk: (rendition) => new RegExp(`^${rendition}_\\d+\\.m4s$`),
    hasInit: true,
  },
];

/** Sends 7 s of media in real time, and writes the same to disk. */
async function encode({ id, output, http = "", segments, playlist, passwordInUrl }: Encoder): Promise<string> {
  const token = await publisher.event(id, { segmentDuration: { num: 1, den: 1 } });
  const disk = join(folder, id);
  await mkdir(join(disk, "720p"), { recursive: true });
  const user = passwordInUrl ? `a:${token}@` : "";
  const url = `http://${user}127.0.0.1:${publisher.port}/publish/${id}/a`;
  const credentials = passwordInUrl ? [] : ["-headers", `Authorization: Bearer ${token}\r\n`];
  const common = [...output.split(" "), ..."-f hls -hls_time 1 -hls_list_size 0".split(" ")];
  const variants =
    id === "flat" ? ["-var_stream_map", "v:0,a:0,name:low v:1,a:1,name:high", "-master_pl_name", "master.m3u8"] : [];
  const to = (base: string) => [...variants, "-hls_segment_filename", `${base}/${segments}`, `${base}/${playlist}`];
  const sent = [...common, ...http.split(" ").filter(Boolean), "-method", "PUT", ...credentials, ...to(url)];
  await run("ffmpeg", ["-v", "error", "-re", "-i", source, ...sent, ...common, ...to(disk)], { timeout: 60_000 });
  return disk;
}

const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");

testWithFfmpeg(
  "every segment of every kind of ffmpeg output is stored byte for byte, in its order, with its init",
  async () => {
    await Promise.all(
      ENCODERS.map(async (encoder) => {
        const { id, renditions, onDisk, hasInit } = encoder;
        const disk = await encode(encoder);
        const files = (await readdir(disk, { recursive: true })).sort((a, b) =>
          a.localeCompare(b, "en", { numeric: true }),
        );
        for (const rendition of renditions) {
          const names = files.filter((name) => onDisk(rendition).test(name));
          expect([id, names.length]).toEqual([id, 7]);
          const written = await Promise.all(names.map(async (name) => sha256(await readFile(join(disk, name)))));
          // ffmpeg does not wait for its last replies.
          for (let n = 0; n < 100 && (await publisher.candidates(id, rendition)).length < 7; n += 1) await pause(20);
          const candidates = await publisher.candidates(id, rendition);
          const read = await Promise.all(
            candidates.map(async (candidate) => sha256(await publisher.bytes(id, candidate))),
          );
          expect([id, rendition, read]).toEqual([id, rendition, written]);
          expect(candidates.map(({ report }) => report.defects)).toEqual(candidates.map(() => []));
          expect(candidates.map(({ number }) => number - candidates[0]!.number)).toEqual([0, 1, 2, 3, 4, 5, 6]);
          const inits = await publisher.inits(id, rendition);
          expect([id, inits.length]).toEqual([id, hasInit ? 1 : 0]);
          expect(candidates.every(({ init }) => init === inits[0]?.hash)).toBe(true);
        }
      }),
    );
    expect(await publisher.published("conflict")).toBe(0);
    expect(await publisher.published("aborted")).toBe(0);
  },
);
