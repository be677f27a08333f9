import { describe, expect, test } from "@jest/globals";
import { concat, hex, inspect, inspectInit, inspectSegment, text } from "./support/bytes.ts";
import {
  audioEntry,
  box,
  fullBox,
  initSegment,
  MDAT,
  moof,
  styp,
  traf,
  trak,
  trex,
  u32,
  u64,
  visualEntry,
} from "./support/fmp4.ts";

describe("an init", () => {
  test("tells its tracks", () => {
    const init = initSegment(
      [
        trak({ id: 1, timescale: 30000 }),
        trak({ id: 7, handler: "soun", timescale: 48000, entry: audioEntry(), version: 1 }),
        trak({ id: 9, handler: "text", timescale: 1000, entry: box("wvtt", new Uint8Array(8)) }),
        trak({ id: 10, handler: "meta", timescale: 1000, entry: box('a"\n ', new Uint8Array(8)) }),
      ],
      [trex(1, 1001), trex(7, 1024)],
    );
    expect(inspectInit(init).tracks).toEqual([
      {
        id: 1,
        type: "video",
        timescale: 30000,
        codec: "avc1.64001f",
        defaultSampleDuration: 1001,
        width: 1280,
        height: 720,
      },
      { id: 7, type: "audio", timescale: 48000, codec: "mp4a.40.2", defaultSampleDuration: 1024 },
      { id: 9, type: "text", timescale: 1000, codec: "wvtt", defaultSampleDuration: 0 },
      { id: 10, type: "other", timescale: 1000, codec: "a___", defaultSampleDuration: 0 },
    ]);
  });

  test("the display size goes before the coded size", () => {
    const [track] = inspectInit(initSegment([trak({ id: 1, displaySize: [1920, 1080], version: 1 })])).tracks;
    expect(track).toMatchObject({ width: 1920, height: 1080 });
  });

  test.each([
    ["avc3.42c01e", "vide", visualEntry("avc3", box("avcC", hex("01 42 c0 1e")))],
    ["hvc1.1.6.L93.90", "vide", visualEntry("hvc1", box("hvcC", hex("01 01 60000000 900000000000 5d")))],
    ["hev1.A2.4.H120", "vide", visualEntry("hev1", box("hvcC", hex("01 62 20000000 000000000000 78")))],
    ["av01.0.08M.10", "vide", visualEntry("av01", box("av1C", hex("81 08 4c 00")))],
    ["avc1", "vide", visualEntry("avc1", box("free"))],
    ["vp09", "vide", visualEntry("vp09", box("vpcC", new Uint8Array(12)))],
    [
      "mp4a.40.42",
      "soun",
      audioEntry(
        "mp4a",
        fullBox("esds", 0, 0, hex("03 80808015 0001 00 04 80808011 40 15 000000 00000000 00000000 05 02 f950")),
      ),
    ],
    [
      "mp4a.6B",
      "soun",
      audioEntry("mp4a", fullBox("esds", 0, 0, hex("03 15 0001 00 04 0d 6b 15 000000 00000000 00000000"))),
    ],
    ["ac-3", "soun", audioEntry("ac-3", box("dac3", hex("10 4d 80")))],
    ["ec-3", "soun", audioEntry("ec-3", box("dec3", hex("00")))],
    ["Opus", "soun", audioEntry("Opus", box("dOps", new Uint8Array(11)))],
    ["stpp", "subt", box("stpp", new Uint8Array(20))],
  ])("codec %s", (codec, handler, entry) => {
    expect(inspectInit(initSegment([trak({ id: 1, handler, entry })])).tracks[0]?.codec).toBe(codec);
  });

  test.each([
    ["no tracks", initSegment([])],
    ["timescale 0", initSegment([trak({ id: 1, timescale: 0 })])],
    ["no sample entry", initSegment([trak({ id: 1, entry: hex("") })])],
    ["rubbish behind it", concat(initSegment([trak({ id: 1 })]), hex("00000003"))],
  ])("is none with %s", (_, bytes) => {
    expect(inspect(bytes)).toMatchObject({ kind: "segment", container: "fmp4", defects: ["unparseable"] });
  });
});

describe("a segment", () => {
  test("adds up its fragments per track", () => {
    const segment = concat(
      styp("msdh", "lmsg"),
      box("prft", new Uint8Array(16)),
      moof(traf({ trackId: 1, decodeTime: 900, durations: [3003, 3004] }), traf({ trackId: 2, samples: 5 })),
      MDAT,
      moof(
        traf({ trackId: 1, decodeTime: 6907, samples: 3, tfhdDuration: 3000 }),
        traf({ trackId: 2, decodeTime: 5120, samples: 4 }),
      ),
      MDAT,
    );
    expect(inspect(segment)).toEqual({
      kind: "segment",
      container: "fmp4",
      tracks: [
        { trackId: 1, decodeTime: 900, samples: 5, durationTicks: 15007, samplesOfDefaultDuration: 0 },
        { trackId: 2, decodeTime: 0, samples: 9, durationTicks: 0, samplesOfDefaultDuration: 9 },
      ],
      brands: ["msdh", "lmsg"],
      codecs: [],
      defects: [],
    });
  });

  test("has decode times of 32 and 64 bits, or none", () => {
    const decodeTime = (bytes: Uint8Array) => inspectSegment(concat(moof(bytes), MDAT)).tracks[0]?.decodeTime;
    expect(decodeTime(traf({ decodeTime: 0xfffffff0, durations: [1] }))).toBe(0xfffffff0);
    expect(decodeTime(traf({ decodeTime: 153_000_000_000_000, wide: true, durations: [1] }))).toBe(153e12);
    expect(decodeTime(box("traf", fullBox("tfhd", 0, 0, u32(1)), fullBox("trun", 0, 0, u32(1))))).toBeUndefined();
  });

  test("with its own moov carries that init", () => {
    const report = inspectSegment(concat(initSegment([trak({ id: 1 })]), moof(traf({ durations: [5] })), MDAT));
    expect(report).toMatchObject({ init: { tracks: [{ id: 1 }] }, tracks: [{ durationTicks: 5 }], defects: [] });
  });

  test("may have an mdat of 64 bit size, or a fragment without samples", () => {
    const large = concat(u32(1), text("mdat"), u64(20), hex("01020304"));
    expect(inspectSegment(concat(moof(traf({ durations: [5] })), large)).defects).toEqual([]);
    expect(inspectSegment(moof(traf({ samples: 0 }))).defects).toEqual([]);
  });

  const fragment = moof(traf({ durations: [5] }));
  test.each([
    ["empty", hex("")],
    ["unknown bytes", text("GIF89a, not media")],
    ["box size 0", concat(fragment, hex("00000000"), text("mdat"), hex("01"))],
    ["box size below 8", concat(fragment, MDAT, hex("00000007"), text("free"))],
    ["64 bit box size below 16", concat(fragment, MDAT, u32(1), text("free"), u64(15))],
    ["64 bit box beyond the end", concat(fragment, u32(1), text("mdat"), hex("ffffffffffffffff"), hex("01"))],
    ["box beyond the end", concat(fragment, u32(1000), text("mdat"), hex("01"))],
    ["child beyond its parent", concat(box("moof", u32(99), text("traf")), MDAT)],
    ["child of size 0", concat(box("moof", u32(0), text("traf")), MDAT)],
    ["traf without tfhd", concat(moof(box("traf")), MDAT)],
    [
      "trun shorter than its samples",
      concat(moof(box("traf", fullBox("tfhd", 0, 0, u32(1)), fullBox("trun", 0, 0x100, u32(0xffffffff)))), MDAT),
    ],
    ["samples without mdat", fragment],
    ["no moof", concat(styp(), MDAT)],
    ["a moof over 1 MiB", concat(box("moof", new Uint8Array(1024 * 1024 + 1)), MDAT)],
    ["65 tracks", concat(moof(...Array.from({ length: 65 }, (_, trackId) => traf({ trackId }))), MDAT)],
    ["a moof of nothing but headers", concat(moof(...Array.from({ length: 5000 }, () => box("free"))), MDAT)],
  ])("unparseable: %s", (_, bytes) => {
    expect(inspect(bytes)).toMatchObject({ kind: "segment", defects: ["unparseable"] });
  });
});
