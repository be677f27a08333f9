import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { until } from "@headwater/infra";
import { type List, type ListedSegment, readList } from "./playlist.ts";
import type { Profile } from "./profiles.ts";

/** ffmpeg hangs up before it is answered, so its last segment may still be on its way when it has ended. */
const LAST_SEGMENT_MS = 8_000;
const REQUEST_MS = 10_000;
/** ffmpeg writes the distance to the next key frame; we, what the segment's own samples last (AAC frames end apart). */
const DURATION_TOLERANCE_SEC = 0.1;

export interface ReadBack {
  readonly segments: number;
  readonly bytes: number;
}

export interface ReadBackOptions {
  readonly profile: Profile;
  /** Copies on disk, one for each start of the encoder, in order. */
  readonly dirs: readonly string[];
  /** Beginning of the event's URLs at an origin or edge: `http://host:port/live/event`. */
  readonly base: string;
  /** The event goes on: no ENDLIST is demanded. */
  readonly live?: boolean;
}

/**
 * Fetches every segment and init that the encoder wrote by the numbers of our playlists, and compares them byte for
 * byte; the playlists must list just these, a discontinuity where the encoder started again and nowhere else.
 * Rejects with the first difference.
 */
export async function readBack(options: ReadBackOptions): Promise<ReadBack> {
  const total = { segments: 0, bytes: 0 };
  for (const [index, rendition] of options.profile.renditions.entries()) {
    const { segments, bytes } = await readRenditionBack(options, index, rendition);
    total.segments += segments;
    total.bytes += bytes;
  }
  return total;
}

async function readRenditionBack({ profile, dirs, base, live }: ReadBackOptions, index: number, rendition: string) {
  const runs = await Promise.all(
    dirs.map((dir) => writtenBy(join(dir, profile.playlist.replace("%v", String(index))))),
  );
  const written = runs.flat();
  const url = `${base}/${rendition}/index.m3u8?window=14400`;
  let list: List = { mediaSequence: 0, segments: [], ended: false };
  await until(async () => {
    list = readList((await get(url)).toString());
    const { segments, ended } = list;
    if (segments.length < written.length || !(ended || live))
      throw new Error(`${url} lists ${segments.length} of ${written.length} segments, ${ended ? "" : "not "}ended`);
  }, LAST_SEGMENT_MS);
  if (list.segments.length > written.length)
    throw new Error(`${url} lists ${list.segments.length} segments, but the encoder wrote ${written.length}`);

  const inits = new Map<string, Buffer>();
  let bytes = 0;
  for (const [i, listed] of list.segments.entries()) {
    const expected = written[i]!;
    const at = `${rendition}/${list.mediaSequence + i}`;
    const starts = i > 0 && runs.some((run) => run[0] === expected);
    check(!listed.gap, `${at} is a gap`);
    check(listed.discontinuity === starts, `${at} ${starts ? "lacks a" : "has a needless"} discontinuity`);
    const nameTold = listed.uri.replace(/^.*\//, "").replace(/\.\w+$/, "");
    check(nameTold === String(list.mediaSequence + i), `${at} is listed as ${listed.uri}`);
    const off = Math.abs(listed.durationSec - expected.durationSec);
    check(off < DURATION_TOLERANCE_SEC, `${at} lasts ${listed.durationSec} s, ffmpeg says ${expected.durationSec}`);
    bytes += await sameBytes(at, new URL(listed.uri, url).href, await readFile(expected.path));

    check((listed.mapUri === undefined) === (expected.initPath === undefined), `${at}: EXT-X-MAP ${listed.mapUri}`);
    if (listed.mapUri === undefined) continue;
    const initUrl = new URL(listed.mapUri, url).href;
    const init = inits.get(initUrl) ?? (await get(initUrl));
    inits.set(initUrl, init);
    check(init.equals(await readFile(expected.initPath!)), `the init of ${at} is not the encoder's`);
  }
  return { segments: written.length, bytes };
}

/** What the last cache on the way says of the first segment of a rendition, once it has been read. */
export async function cacheStatus(base: string, rendition: string): Promise<string> {
  const url = `${base}/${rendition}/index.m3u8?window=14400`;
  const { segments } = readList((await get(url)).toString());
  const answer = await fetch(new URL(segments[0]?.uri ?? "", url), { signal: AbortSignal.timeout(REQUEST_MS) });
  await answer.body?.cancel();
  return answer.headers.get("cache-status")?.split(", ").at(-1) ?? "";
}

interface Written {
  readonly path: string;
  readonly initPath: string | undefined;
  readonly durationSec: number;
}

/** What the encoder's own playlist on disk lists. */
async function writtenBy(playlist: string): Promise<Written[]> {
  const { segments } = readList(await readFile(playlist, "utf8"));
  const here = (uri: string) => join(dirname(playlist), uri);
  return segments.map(({ uri, mapUri, durationSec }: ListedSegment) => ({
    path: here(uri),
    initPath: mapUri === undefined ? undefined : here(mapUri),
    durationSec,
  }));
}

async function sameBytes(at: string, url: string, expected: Buffer): Promise<number> {
  const got = await get(url);
  check(got.equals(expected), `${at}: ${got.length} bytes were read, ${expected.length} other ones were sent`);
  return got.length;
}

async function get(url: string): Promise<Buffer> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(REQUEST_MS) });
  const body = Buffer.from(await answer.arrayBuffer());
  if (answer.status !== 200) throw new Error(`${url} was answered ${answer.status}: ${body.toString().slice(0, 200)}`);
  return body;
}

function check(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}
