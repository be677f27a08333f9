import { describe, expect, test } from "@jest/globals";
import { parse, setOptions, type types } from "hls-parser";
import { MediaLines, masterPlaylist, readPlaylist, type WrittenSegment } from "../src/index.ts";

const startMs = Date.UTC(2026, 0, 1);

function segment(number: number, more: Partial<WrittenSegment> = {}): WrittenSegment {
  return {
    number,
    durationSec: 2,
    programDateTimeMs: startMs + number * 2000,
    uri: `../v1/720p/${number}.m4s`,
    mapUri: "../v1/720p/init-aa.mp4",
    discontinuity: false,
    gap: false,
    ...more,
  };
}

function filled(from: number, to: number, changes: Record<number, Partial<WrittenSegment>> = {}): MediaLines {
  const lines = new MediaLines({ targetDurationSec: 2, maxSegments: 7200 });
  for (let number = from; number <= to; number += 1) lines.set(segment(number, changes[number]));
  return lines;
}

/** Reads with hls-parser, every breach of the RFC that it knows being an error. */
function strict(text: string): types.MediaPlaylist {
  setOptions({ strictMode: true });
  try {
    return parse(text) as types.MediaPlaylist;
  } finally {
    setOptions({ strictMode: false });
  }
}

describe("media playlist", () => {
  test("the text, to the letter", () => {
    const lines = filled(41, 43, {
      42: { gap: true, mapUri: undefined as never },
      43: { durationSec: 2.002, discontinuity: true, mapUri: "../v1/720p/init-bb.mp4" },
    });
    expect(lines.render({ endlist: true, type: "EVENT" })).toBe(`#EXTM3U
#EXT-X-VERSION:8
#EXT-X-TARGETDURATION:2
#EXT-X-MEDIA-SEQUENCE:41
#EXT-X-DISCONTINUITY-SEQUENCE:0
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-PLAYLIST-TYPE:EVENT
#EXT-X-MAP:URI="../v1/720p/init-aa.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:01:22.000Z
#EXTINF:2.000000,
../v1/720p/41.m4s
#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:01:24.000Z
#EXT-X-GAP
#EXTINF:2.000000,
../v1/720p/42.m4s
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="../v1/720p/init-bb.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:01:26.000Z
#EXTINF:2.002000,
../v1/720p/43.m4s
#EXT-X-ENDLIST
`);
  });

  test("every slice says of a segment what the whole list says of it", () => {
    const inits = ["a", "b"];
    const changes = Object.fromEntries(
      [3, 7, 8, 12, 19].map((number, i) => [number, { discontinuity: true, mapUri: `init-${inits[i % 2]}.mp4` }]),
    );
    for (let number = 4; number <= 30; number += 1) {
      changes[number] ??= { discontinuity: false, mapUri: changes[number - 1]!.mapUri };
    }
    const lines = filled(0, 30, changes);
    const whole = strict(lines.render()).segments;
    lines.dropBefore(2);
    lines.dropBefore(9);
    for (let from = 0; from <= 31; from += 1) {
      for (let to = from - 1; to <= 33; to += 1) {
        const slice = strict(lines.render({ from, to })).segments;
        const expected = whole.slice(Math.max(from, 9), Math.max(to + 1, 9));
        const facts = (of: types.Segment) => [of.mediaSequenceNumber, of.discontinuitySequence, of.uri, of.map.uri];
        expect(slice.map(facts)).toEqual(expected.map(facts));
      }
    }
  });

  test("numbers are contiguous, may be written anew, and the oldest give way", () => {
    const lines = new MediaLines({ targetDurationSec: 1.6, maxSegments: 3, discontinuitySequence: 5 });
    expect([lines.first, lines.last, lines.size]).toEqual([undefined, undefined, 0]);
    expect(strict(lines.render()).segments).toEqual([]);
    lines.set(segment(10, { discontinuity: true, gap: true }));
    for (const wrong of [9, 12, 10.5, Number.NaN]) expect(() => lines.set(segment(wrong))).toThrow(RangeError);
    lines.set(segment(10, { discontinuity: true, durationSec: 3.6 }));
    for (const number of [11, 12, 13]) lines.set(segment(number));
    expect([lines.first, lines.last, lines.size]).toEqual([11, 13, 3]);
    expect(strict(lines.render())).toMatchObject({ targetDuration: 4, discontinuitySequenceBase: 6 });
    lines.set(segment(11, { discontinuity: true }));
    expect(strict(lines.render({ from: 13 }))).toMatchObject({ discontinuitySequenceBase: 7 });
    lines.set(segment(11));
    expect(strict(lines.render({ from: 13 }))).toMatchObject({ discontinuitySequenceBase: 6 });
    lines.dropBefore(99);
    expect([lines.first, lines.size]).toEqual([undefined, 0]);
    lines.set(segment(20));
    expect([lines.first, lines.last]).toEqual([20, 20]);
  });

  test("versions: TS 6, fMP4 7, gaps 8, delta updates 9", () => {
    const ts = { 0: { mapUri: undefined as never } };
    expect(strict(filled(0, 0, ts).render()).version).toBe(6);
    expect(strict(filled(0, 0).render()).version).toBe(7);
    expect(strict(filled(0, 0, { 0: { gap: true } }).render()).version).toBe(8);
    const delta = strict(filled(0, 29).render({ serverControl: true, skip: true }));
    expect(delta).toMatchObject({ version: 9, skip: 24, mediaSequenceBase: 0 });
    expect(delta.lowLatencyCompatibility).toMatchObject({ canBlockReload: true, canSkipUntil: 12 });
    expect(delta.segments.map((one) => one.mediaSequenceNumber)).toEqual([24, 25, 26, 27, 28, 29]);
    expect(filled(0, 5).render({ skip: true })).not.toContain("SKIP");
  });

  test("four hours of 2 s segments: put in and written in less than 50 ms", () => {
    let text = "";
    const cpuMs = [1, 2, 3].map(() => {
      const started = process.threadCpuUsage();
      text = filled(1000, 8199).render();
      const { user, system } = process.threadCpuUsage(started);
      return (user + system) / 1000;
    });
    expect(Math.min(...cpuMs)).toBeLessThan(50);
    const read = readPlaylist(text);
    expect(read.kind === "media" && read.segments.length).toBe(7200);
  });
});

test("multivariant playlist: read again, it says the same", () => {
  const list = {
    variants: [
      {
        uri: "720p/index.m3u8",
        bandwidth: 2_500_000,
        averageBandwidth: 2_000_000,
        codecs: "avc1.4d401f,mp4a.40.2",
        resolution: { width: 1280, height: 720 },
        frameRate: 29.97,
        audioGroup: "audio",
        subtitlesGroup: "subtitles",
      },
      { uri: "360p/index.m3u8", bandwidth: 800_000, audioGroup: "audio", subtitlesGroup: "subtitles" },
      { uri: "radio/index.m3u8", bandwidth: 64_000, codecs: "mp4a.40.2" },
    ],
    renditions: [
      {
        type: "AUDIO",
        groupId: "audio",
        name: 'L\'"audio"',
        language: "fr",
        default: true,
        autoselect: true,
        forced: false,
        channels: "2",
        uri: "fr/index.m3u8",
      },
      {
        type: "AUDIO",
        groupId: "audio",
        name: "English",
        default: false,
        autoselect: true,
        forced: false,
        uri: "en.m3u8",
      },
      {
        type: "SUBTITLES",
        groupId: "subtitles",
        name: "Deutsch",
        default: false,
        autoselect: false,
        forced: true,
        uri: "de.m3u8",
      },
    ],
  } as const;
  const text = masterPlaylist(list);
  expect(strict(text)).toMatchObject({ isMasterPlaylist: true, version: 6 });
  const [french, ...others] = list.renditions;
  expect(readPlaylist(text)).toEqual({
    kind: "master",
    variants: list.variants,
    renditions: [{ ...french, name: "L' audio " }, ...others],
  });
  const withQuery = masterPlaylist(list, { query: "window=300" });
  expect(withQuery.match(/\.m3u8\?window=300/g)).toHaveLength(6);
  expect(withQuery.replaceAll("?window=300", "")).toBe(text);
});
