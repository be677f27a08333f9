import { describe, expect, test } from "@jest/globals";
import { compareDefects, compatibleInits, completeReport, parseDefectsHeader, worstDefect } from "../src/index.ts";
import type { InitReport, InitTrack } from "../src/types.ts";
import { concat, inspectInit, inspectSegment, text } from "./support/bytes.ts";
import { audioEntry, initSegment, MDAT, moof, styp, traf, trak, trex } from "./support/fmp4.ts";
import { adtsFrame } from "./support/ts.ts";

const audioTrak = trak({ id: 1, handler: "soun", timescale: 48000, entry: audioEntry() });
const INIT = inspectInit(initSegment([audioTrak, trak({ id: 2, timescale: 30000 })], [trex(1, 1024), trex(2, 1001)]));

function segment(...parts: readonly Uint8Array[]) {
  return inspectSegment(concat(...parts, MDAT));
}

describe("completeReport", () => {
  const both = segment(
    styp("msdh"),
    moof(traf({ trackId: 1, samples: 94 }), traf({ trackId: 2, decodeTime: 15000, samples: 60 })),
  );

  test("takes the video track, with the init's timescale and default duration", () => {
    expect(completeReport(both, INIT)).toEqual({
      container: "fmp4",
      duration: { ticks: 60060, timescale: 30000 },
      decodeTimeMs: 500,
      samples: 60,
      video: true,
      last: false,
      defects: [],
    });
  });

  test("takes the first track where there is no video", () => {
    expect(completeReport(segment(moof(traf({ trackId: 1, samples: 94 }))), INIT)).toMatchObject({
      duration: { ticks: 96256, timescale: 48000 },
      decodeTimeMs: 0,
      video: false,
    });
  });

  test("without an init: no-init, unless the segment has its own", () => {
    const without = completeReport(both, undefined);
    expect(without).toMatchObject({ defects: ["no-init"], last: false, video: false });
    expect(without).not.toHaveProperty("duration");
    const own = segment(initSegment([trak({ id: 5 })]), moof(traf({ trackId: 5, durations: [90000] })));
    expect(completeReport(own, undefined)).toMatchObject({ defects: [], duration: { ticks: 90000, timescale: 90000 } });
  });

  test("a track that the init does not have: wrong-init, times of the others", () => {
    const odd = segment(moof(traf({ trackId: 3, samples: 1 }), traf({ trackId: 1, samples: 2 })));
    expect(completeReport(odd, INIT)).toMatchObject({ defects: ["wrong-init"], duration: { ticks: 2048 } });
  });

  test("durations that nobody tells stay open", () => {
    const init = inspectInit(initSegment([trak({ id: 1 })]));
    const report = completeReport(segment(moof(traf({ samples: 2 }))), init);
    expect(report).toMatchObject({ samples: 2, defects: [] });
    expect(report).not.toHaveProperty("duration");
  });

  test("brands mark filler and the last segment, worst defect first", () => {
    const marked = segment(styp("cmfs", "slat", "lmsg"), moof(traf({ trackId: 3, samples: 1 })));
    expect(completeReport(marked, INIT)).toMatchObject({ last: true, defects: ["wrong-init", "filler"] });
  });

  test("unparseable: no times, no complaint about inits", () => {
    expect(completeReport(inspectSegment(moof(traf({ durations: [5] }))), undefined)).toEqual({
      container: "fmp4",
      video: false,
      last: false,
      defects: ["unparseable"],
    });
  });

  test("other containers need no init", () => {
    expect(completeReport(inspectSegment(adtsFrame()), undefined)).toEqual({
      container: "aac",
      duration: { ticks: 1024, timescale: 48000 },
      samples: 1,
      video: false,
      last: false,
      defects: [],
    });
    expect(completeReport(inspectSegment(text("WEBVTT\n")), INIT)).toEqual({
      container: "vtt",
      video: false,
      last: false,
      defects: [],
    });
  });
});

describe("compatibleInits", () => {
  const video: InitTrack = { id: 1, type: "video", timescale: 90000, codec: "avc1.64001f", defaultSampleDuration: 0 };
  const audio: InitTrack = { id: 2, type: "audio", timescale: 48000, codec: "mp4a.40.2", defaultSampleDuration: 0 };
  const init = (...tracks: readonly InitTrack[]): InitReport => ({ tracks });

  test.each([
    ["the same", init(video, audio), true],
    ["another order", init(audio, video), true],
    [
      "another profile, size, default",
      init({ ...video, codec: "avc1.640028", width: 1, defaultSampleDuration: 9 }, audio),
      true,
    ],
    ["a track less", init(video), false],
    ["another id", init({ ...video, id: 3 }, audio), false],
    ["another timescale", init({ ...video, timescale: 30000 }, audio), false],
    ["another sample entry", init({ ...video, codec: "avc3.64001f" }, audio), false],
  ])("%s", (_, other, expected) => {
    expect(compatibleInits(init(video, audio), other)).toBe(expected);
    expect(compatibleInits(other, init(video, audio))).toBe(expected);
  });
});

describe("defects", () => {
  test("the worst comes first, then the larger", () => {
    const sorted = [
      "unparseable",
      "no-init",
      "wrong-init",
      "filler",
      "jump;ms=-500",
      "jump;ms=120",
      "gap;ms=9",
      "overlap;ms=40",
      "missing-samples;n=2",
      "short;ms=400",
      "short",
      "of-another-kind",
    ];
    expect([...sorted].reverse().sort(compareDefects)).toEqual(sorted);
    expect(worstDefect(["short;ms=900", "gap;ms=1"])).toBe("gap;ms=1");
    expect(worstDefect([])).toBeUndefined();
  });

  test.each([
    ["short;ms=400, jump;ms=120", ["jump;ms=120", "short;ms=400"]],
    ["jump; ms=-120 ,filler\t", ["filler", "jump;ms=-120"]],
    ["gap", ["gap"]],
    ["missing-samples;n=007", ["missing-samples;n=7"]],
    ["short;ms=1,short;ms=2", ["short;ms=1"]],
    ["", []],
    ["nonsense;ms=1, , FILLER, filler;ms=1, short;n=1, gap;ms=, gap;ms=1.5, gap;ms=1;n=2", []],
    ["constructor, __proto__, unparseable\r\nX: y", []],
    [`${"x,".repeat(32)}filler`, []],
    [`short;ms=${"9".repeat(13)}`, []],
  ])("parseDefectsHeader(%j)", (header, expected) => {
    expect(parseDefectsHeader(header)).toEqual(expected);
  });
});
