import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { type LiveUrl, liveUrl, parseLiveUrl, pathInEvent } from "../src/index.ts";

const segment = { kind: "segment", event: "derby", version: 3, rendition: "720p", number: 42, ext: "m4s" };
const playlist = { kind: "playlist", event: "derby", rendition: "720p", query: {} };

test.each<[string, object]>([
  ["/live/derby/master.m3u8", { kind: "master", event: "derby", query: {} }],
  ["/live/derby/master.m3u8?window=300", { kind: "master", event: "derby", query: { windowSec: 300 } }],
  ["/live/derby/720p/index.m3u8", playlist],
  ["/live/derby/720p/index.m3u8?", playlist],
  ["/live/derby/720p/index.m3u8?token=%00&Window=x&a", playlist],
  ["/live/derby/720p/index.m3u8?from=32&to=63", { ...playlist, query: { from: 32, to: 63 } }],
  ["/live/derby/720p/index.m3u8?_HLS_msn=7&x=1&_HLS_skip=YES", { ...playlist, query: { msn: 7, skip: true } }],
  ["/live/derby/720p/index.m3u8?_HLS_skip=v2", { ...playlist, query: { skip: true } }],
  ["/live/derby/720p/index.m3u8?window", { ...playlist, query: { malformed: "window" } }],
  ["/live/derby/720p/index.m3u8?window=0", { ...playlist, query: { malformed: "window" } }],
  ["/live/derby/720p/index.m3u8?window=1.5", { ...playlist, query: { malformed: "window" } }],
  ["/live/derby/720p/index.m3u8?window=%31", { ...playlist, query: { malformed: "window" } }],
  ["/live/derby/720p/index.m3u8?window=1&window=2", { ...playlist, query: { malformed: "window" } }],
  ["/live/derby/720p/index.m3u8?from=-1&to=3", { ...playlist, query: { malformed: "from" } }],
  ["/live/derby/720p/index.m3u8?from=4&to=3", { ...playlist, query: { malformed: "to" } }],
  ["/live/derby/720p/index.m3u8?_HLS_msn=1e3", { ...playlist, query: { malformed: "_HLS_msn" } }],
  ["/live/derby/720p/index.m3u8?_HLS_skip=no", { ...playlist, query: { malformed: "_HLS_skip" } }],
  ["/live/derby/v3/index.m3u8", { ...playlist, rendition: "v3" }],
  ["/live/derby/v3/720p/init-ab12.mp4", { kind: "init", event: "derby", version: 3, rendition: "720p", hash: "ab12" }],
  ["/live/derby/v3/720p/init.mp4", { kind: "init", event: "derby", version: 3, rendition: "720p" }],
  ["/live/derby/v3/720p/42.m4s", segment],
  ["/live/derby/v3/720p/42.m4s?window=nonsense", segment],
  [`/live/derby/v3/720p/42.m4s?${"x".repeat(9000)}`, segment],
  ["/live/derby/v3/720p/0.ts", { ...segment, number: 0, ext: "ts" }],
  ["/live/derby/v3/720p/999999999999999.mp4", { ...segment, number: 999_999_999_999_999, ext: "mp4" }],
  [
    `/live/${"e".repeat(64)}/v0/${"R".repeat(64)}/1.vtt`,
    { kind: "segment", event: "e".repeat(64), version: 0, rendition: "R".repeat(64), number: 1, ext: "vtt" },
  ],
])("%s", (url, expected) => expect(parseLiveUrl(url)).toEqual(expected));

test.each([
  "",
  "*",
  "/",
  "/live/derby",
  "/live/derby/",
  "/live/derby/index.m3u8",
  "/LIVE/derby/master.m3u8",
  "/live/Derby/master.m3u8",
  "/live/-derby/master.m3u8",
  `/live/${"e".repeat(65)}/master.m3u8`,
  "/live//derby/master.m3u8",
  "/live/derby//720p/index.m3u8",
  "/live/derby/../derby/master.m3u8",
  "/live/derby/./720p/index.m3u8",
  "/live/derby/.720p/index.m3u8",
  "/live/derby/720p/index.m3u8/",
  "/live/derby/720p/index.m3u8\n",
  "/live/derby/720p/index.m3u8#x",
  "/live/derby/7%320p/index.m3u8",
  "/live/derby/v3/720p/00.m4s",
  "/live/derby/v3/720p/042.m4s",
  "/live/derby/v3/720p/-1.m4s",
  "/live/derby/v3/720p/1000000000000000.m4s",
  "/live/derby/v3/720p/42.m4s/x",
  "/live/derby/v3/720p/42.M4S",
  "/live/derby/v3/720p/42.exe",
  "/live/derby/v3/720p/42",
  "/live/derby/v3/720p/init-.mp4",
  "/live/derby/v3/720p/init.m4s",
  "/live/derby/v03/720p/42.m4s",
  "/live/derby/3/720p/42.m4s",
  "/live/derby/v/720p/42.m4s",
  "http://origin/live/derby/master.m3u8",
  `/live/${"/".repeat(10_000)}`,
])("outside: %j", (url) => expect(parseLiveUrl(url)).toEqual({ kind: "outside" }));

describe("properties", () => {
  const letters = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/);
  const event = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,63}$/);
  /** The grammar's largest: 15 digits. */
  const max = 999_999_999_999_999;
  const number = fc.nat({ max });
  const version = fc.nat({ max: 9_999_999_999 });
  const query = fc
    .record(
      {
        windowSec: fc.integer({ min: 1, max: 999_999_999 }),
        msn: number,
        skip: fc.constant(true as const),
        from: number,
      },
      { requiredKeys: [] },
    )
    .chain((some) => fc.constantFrom(some, { ...some, to: Math.min((some.from ?? 0) + 1, max) }));
  const url: fc.Arbitrary<LiveUrl> = fc.oneof(
    fc.record({ kind: fc.constant("master" as const), event, query }),
    fc.record({ kind: fc.constant("playlist" as const), event, rendition: letters, query }),
    fc.record(
      {
        kind: fc.constant("init" as const),
        event,
        version,
        rendition: letters,
        hash: fc.stringMatching(/^[a-z0-9]{1,64}$/),
      },
      { requiredKeys: ["kind", "event", "version", "rendition"] },
    ),
    fc.record({
      kind: fc.constant("segment" as const),
      event,
      version,
      rendition: letters,
      number,
      ext: fc.constantFrom("m4s", "mp4", "cmfv", "cmfa", "cmft", "cmfm", "ts", "aac", "vtt"),
    }),
  );

  test("what is built is read back, also as playlists name it", () => {
    fc.assert(
      fc.property(url, (one) => {
        expect({ ...parseLiveUrl(liveUrl(one)) }).toEqual(one);
        const base = `http://edge/any/path/${one.event}/720p/index.m3u8`;
        expect(new URL(`../${pathInEvent(one)}`, base).pathname).toBe(
          `/any/path${liveUrl(one).slice("/live".length).split("?")[0]}`,
        );
      }),
    );
  });

  test("no text makes it throw, and what it accepts it would write itself", () => {
    const pieces = fc.constantFrom(
      "/",
      "live",
      "derby",
      "v3",
      "720p",
      "index.m3u8",
      "master.m3u8",
      "1",
      ".m4s",
      "?",
      "..",
      "%2e",
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(pieces).map((parts) => `/live/${parts.join("")}`),
    );
    fc.assert(
      fc.property(text, (raw) => {
        const parsed = parseLiveUrl(raw);
        if (parsed.kind !== "outside") expect(liveUrl(parsed).split("?")[0]).toBe(raw.split("?")[0]);
      }),
    );
  });
});
