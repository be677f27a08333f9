import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { PlaylistError, readPlaylist, resolveObjectName } from "../src/index.ts";

function codeOf(text: string | Buffer): string {
  try {
    return readPlaylist(text).kind;
  } catch (error) {
    if (error instanceof PlaylistError) return error.code;
    throw error;
  }
}

const head = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n";

describe("media playlists", () => {
  test("one as ffmpeg writes it, with CRLF, a byte order mark and a title that is not ASCII", () => {
    const text = [
      "\ufeff#EXTM3U",
      "#EXT-X-VERSION:7",
      "#EXT-X-TARGETDURATION:2",
      "#EXT-X-MEDIA-SEQUENCE:41",
      "#EXT-X-DISCONTINUITY-SEQUENCE:3",
      "#EXT-X-PLAYLIST-TYPE:EVENT",
      "## a comment",
      '#EXT-X-MAP:URI="it\'s init.mp4"',
      "#EXTINF:2.002,日本 é",
      "#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:05.678+0000",
      "seg'41.m4s",
      "#EXT-X-DISCONTINUITY",
      "#EXT-X-GAP",
      "#EXTINF:1.5",
      "seg42.m4s",
      '#EXT-X-PART:DURATION=0.3,URI="part.m4s"',
      "#EXT-X-DISCONTINUITY",
      "#EXT-X-ENDLIST",
      "",
    ].join("\r\n");
    for (const form of [text, Buffer.from(text)]) {
      expect(readPlaylist(form)).toEqual({
        kind: "media",
        targetDurationSec: 2,
        mediaSequence: 41,
        discontinuitySequence: 3,
        endlist: true,
        type: "EVENT",
        iFramesOnly: false,
        segments: [
          {
            uri: "seg'41.m4s",
            durationSec: 2.002,
            mediaSequence: 41,
            discontinuity: false,
            programDateTimeMs: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
            gap: false,
            mapUri: "it's init.mp4",
          },
          {
            uri: "seg42.m4s",
            durationSec: 1.5,
            mediaSequence: 42,
            discontinuity: true,
            gap: true,
            mapUri: "it's init.mp4",
          },
        ],
      });
    }
  });

  test("byte ranges go on where the one before ended", () => {
    const list = readPlaylist(`${head}#EXTINF:2,\n#EXT-X-BYTERANGE:10@5\na.ts\n#EXTINF:2,\n#EXT-X-BYTERANGE:7\na.ts\n`);
    expect(list.kind === "media" && list.segments.map(({ byterange }) => byterange)).toEqual([
      { offset: 5, length: 10 },
      { offset: 15, length: 7 },
    ]);
  });

  test("no segment yet", () => expect(readPlaylist(head)).toMatchObject({ mediaSequence: 0, segments: [] }));
});

test("a multivariant playlist; an apostrophe in a name swallows nothing", () => {
  const text = `#EXTM3U
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="aac",NAME="L'audio, en français",LANGUAGE="fr",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="fr/index.m3u8"
#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="vtt",NAME="English",FORCED=YES,URI="en.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=2500000,AVERAGE-BANDWIDTH=2000000,CODECS="avc1.4d401f,mp4a.40.2",RESOLUTION=1280x720,FRAME-RATE=29.970,AUDIO="aac",SUBTITLES="vtt"
720p/index.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=64000,AUDIO="aac"
audio.m3u8
#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,URI="i.m3u8"
`;
  expect(readPlaylist(text)).toEqual({
    kind: "master",
    variants: [
      {
        uri: "720p/index.m3u8",
        bandwidth: 2_500_000,
        averageBandwidth: 2_000_000,
        codecs: "avc1.4d401f,mp4a.40.2",
        resolution: { width: 1280, height: 720 },
        frameRate: 29.97,
        audioGroup: "aac",
        subtitlesGroup: "vtt",
      },
      { uri: "audio.m3u8", bandwidth: 64_000, audioGroup: "aac" },
    ],
    renditions: [
      {
        type: "AUDIO",
        groupId: "aac",
        name: "L'audio, en français",
        language: "fr",
        default: true,
        autoselect: true,
        forced: false,
        channels: "2",
        uri: "fr/index.m3u8",
      },
      {
        type: "SUBTITLES",
        groupId: "vtt",
        name: "English",
        default: false,
        autoselect: false,
        forced: true,
        uri: "en.m3u8",
      },
    ],
  });
});

test.each<[string, string | Buffer, string]>([
  ["nothing", "", "not-a-playlist"],
  ["another text", "garbage", "not-a-playlist"],
  ["a longer first word", "#EXTM3U8\n", "not-a-playlist"],
  ["not UTF-8", Buffer.from([...Buffer.from(head), 0xff]), "not-a-playlist"],
  ["a NUL", `${head}#EXTINF:2,\na\0.ts\n`, "not-a-playlist"],
  ["over 1 MiB", `${head}${"#".repeat(1024 * 1024)}`, "too-large"],
  ["over 25 000 lines", `${head}${"\n".repeat(25_000)}`, "too-large"],
  ["over 200 variants", `#EXTM3U\n${"#EXT-X-STREAM-INF:BANDWIDTH=1\na\n".repeat(201)}`, "too-large"],
  ["no target duration", "#EXTM3U\n#EXTINF:2,\na.ts\n", "malformed"],
  ["nothing but the first line", "#EXTM3U\n", "malformed"],
  ["no duration", `${head}a.ts\n`, "malformed"],
  ["a duration that is no number", `${head}#EXTINF:abc,\na.ts\n`, "malformed"],
  ["a negative duration", `${head}#EXTINF:-1,\na.ts\n`, "malformed"],
  ["a number too large", `${head}#EXT-X-MEDIA-SEQUENCE:18446744073709551615\n`, "malformed"],
  ["two first numbers", `${head}#EXT-X-MEDIA-SEQUENCE:1\n#EXT-X-MEDIA-SEQUENCE:2\n`, "malformed"],
  ["the first number too late", `${head}#EXTINF:2,\na.ts\n#EXT-X-MEDIA-SEQUENCE:1\n`, "malformed"],
  ["cut off", `${head}#EXTINF:2,\n`, "malformed"],
  ["a range without a start", `${head}#EXTINF:2,\n#EXT-X-BYTERANGE:7\na.ts\n`, "malformed"],
  ["a map without a URI", `${head}#EXT-X-MAP:A="x,URI="y"\n#EXTINF:2,\na.ts\n`, "malformed"],
  ["a delta update", `${head}#EXT-X-SKIP:SKIPPED-SEGMENTS=3\n#EXTINF:2,\na.ts\n`, "malformed"],
  ["both kinds", `${head}#EXT-X-STREAM-INF:BANDWIDTH=1\na.m3u8\n`, "malformed"],
  ["no bandwidth", "#EXTM3U\n#EXT-X-STREAM-INF:CODECS=\na.m3u8\n", "malformed"],
  ["a variant without its URI", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n#EXT-X-MEDIA:TYPE=AUDIO\na\n", "malformed"],
])("refused: %s", (_, text, code) => expect(codeOf(text)).toBe(code));

test("whatever the text, a playlist or a PlaylistError", () => {
  const line = fc.constantFrom(
    "#EXTINF:1",
    "#EXTINF:",
    '#EXT-X-MAP:URI="a",BYTERANGE=',
    '#EXT-X-STREAM-INF:BANDWIDTH=1,RESOLUTION,AUDIO="a"',
    '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a"',
    '#EXT-X-MEDIA:TYPE=CODECS,GROUP-ID="a",__proto__=1',
    "#EXT-X-PROGRAM-DATE-TIME:x",
    "#EXT-X-BYTERANGE:1@2",
    "#EXT-X-TARGETDURATION:1",
    "#EXT-X-ENDLIST",
    "uri",
    "#EXT-X-PART:",
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(line, fc.string())), (lines) => {
      codeOf(`#EXTM3U\n${lines.join("\n")}`);
    }),
  );
});

test.each<[string, string]>([
  ["segments", `${head}${"#EXTINF:1,\na\n".repeat(12_000)}`],
  ["variants and renditions", hostileMaster(67, 133)],
  ["attributes", `#EXTM3U\n#EXT-X-STREAM-INF:${"a=b,".repeat(32_000)}BANDWIDTH=1\na\n`],
  ["quotes", `${head}#EXT-X-MAP:URI="a"${"\"'".repeat(500_000)}\n#EXTINF:1,\na\n`],
  ["white space", `#EXTM3U${" ".repeat(1_000_000)}x`],
])("never slow: %s", (_, text) => {
  const cpuMs = [1, 2, 3].map(() => {
    const started = process.threadCpuUsage();
    codeOf(text);
    const { user, system } = process.threadCpuUsage(started);
    return (user + system) / 1000;
  });
  expect(Math.min(...cpuMs)).toBeLessThan(200);
});

function hostileMaster(variants: number, renditions: number): string {
  const padding = "x".repeat(200);
  const media = Array.from(
    { length: renditions },
    (_, i) => `#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="${padding}${1000 + i}"\n`,
  );
  return `#EXTM3U\n${media.join("")}${'#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO="a"\nu\n'.repeat(variants)}`;
}

test.each<[string, string, string | undefined]>([
  ["index.m3u8", "seg1.ts", "seg1.ts"],
  ["720p/index.m3u8", "seg1.ts", "720p/seg1.ts"],
  ["720p/index.m3u8", "../init.mp4", "init.mp4"],
  ["a/b/index.m3u8", "./../c//d.m4s", "a/c/d.m4s"],
  ["720p/index.m3u8", "seg1.ts?token=x#t", "720p/seg1.ts"],
  ["720p/index.m3u8", "Streams(video).cmfv", "720p/Streams(video).cmfv"],
  ["720p/index.m3u8", "my%20seg.ts", "720p/my%20seg.ts"],
  ["720p/index.m3u8", "http://host:7101/publish/derby/a/720p/1.ts", "720p/1.ts"],
  ["720p/index.m3u8", "/publish/derby/a/1.ts", "1.ts"],
  ["index.m3u8", "http_upload_hls?cid=ab&copy=0&file=seg%201.ts", "seg 1.ts"],
  ["720p/index.m3u8", "?file=1.ts", "720p/1.ts"],
  ["720p/index.m3u8", "https://elsewhere/1.ts", undefined],
  ["720p/index.m3u8", "//elsewhere/1.ts", undefined],
  ["720p/index.m3u8", "/1.ts", undefined],
  ["720p/index.m3u8", "data:,x", undefined],
  ["720p/index.m3u8", "../../1.ts", undefined],
  ["720p/index.m3u8", "/publish/derby/a/../1.ts", undefined],
  ["720p/index.m3u8", "%2e%2E/1.ts", undefined],
  ["720p/index.m3u8", "..\\1.ts", undefined],
  ["720p/index.m3u8", "1\0.ts", undefined],
  ["720p/index.m3u8", "", undefined],
  ["720p/index.m3u8", "..", undefined],
  ["720p/index.m3u8", "sub/", undefined],
  ["index.m3u8", "up?file=..%2F1.ts", undefined],
  ["index.m3u8", "up?file=%2Fetc%2Fpasswd", undefined],
  ["index.m3u8", "up?file=https%3A%2F%2Felsewhere%2F1.ts", undefined],
  ["index.m3u8", `${"x".repeat(513)}.ts`, undefined],
])("in %s, %s means %s", (playlist, uri, name) => expect(resolveObjectName(playlist, uri)).toBe(name));
