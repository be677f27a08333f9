import { expect, test } from "@jest/globals";
import { encoderArgs } from "../../load-tests/proof/harness/encoder.ts";
import { readList } from "../../load-tests/proof/harness/playlist.ts";
import { PROFILES } from "../../load-tests/proof/harness/profiles.ts";
import { teeArgument } from "../../load-tests/proof/harness/tee.ts";

test("the tee muxer's argument survives both of its parsers", () => {
  const output = { options: { headers: "Authorization: Bearer [x]|'y'\\" }, url: "http://h/a|b" };
  expect(teeArgument([output, { options: { f: "hls" }, url: "/d/i.m3u8" }])).toBe(
    "[headers=Authorization\\\\: Bearer [x\\\\]\\|\\\\\\'y\\\\\\'\\\\\\\\]http://h/a\\|b|[f=hls]/d/i.m3u8",
  );
});

test("a playlist is read with what stands before each segment, and no further", () => {
  const text = [
    ...["#EXTM3U", "#EXT-X-MEDIA-SEQUENCE:7", '#EXT-X-MAP:URI="a.mp4"', "#EXTINF:2.000,", "7.m4s"],
    ...["#EXT-X-DISCONTINUITY", '#EXT-X-MAP:URI="b.mp4"', "#EXT-X-GAP", "#EXTINF:1.5,x", "8.m4s", "#EXT-X-ENDLIST", ""],
  ];
  expect(readList(text.join("\n"))).toEqual({
    mediaSequence: 7,
    ended: true,
    segments: [
      { uri: "7.m4s", durationSec: 2, mapUri: "a.mp4", discontinuity: false, gap: false },
      { uri: "8.m4s", durationSec: 1.5, mapUri: "b.mp4", discontinuity: true, gap: true },
    ],
  });
  expect(() => readList("404")).toThrow("not a playlist");
});

test.each(PROFILES)("$name: the token is in a header or in the URL, never in both", (profile) => {
  const event = { id: "e", pipeline: "a", publishToken: "t0ken", publishUrl: "http://h/publish/e/a/", masterUrl: "" };
  const args = encoderArgs({ profile, event, dir: "/copy", seconds: 1 });
  const [wire = "", disk = ""] = args.at(-1)!.split("|");
  expect([wire.includes("a\\\\:t0ken@") || wire.includes("a:t0ken@"), wire.includes("Bearer t0ken")]).toEqual(
    profile.login ? [true, false] : [false, true],
  );
  expect(disk).not.toContain("http");
});
