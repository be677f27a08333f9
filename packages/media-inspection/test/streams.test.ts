import { describe, expect, test } from "@jest/globals";
import { concat, hex, inspect, inspectSegment, text } from "./support/bytes.ts";
import { u32 } from "./support/fmp4.ts";
import { AVC_PICTURE, adtsFrame, HEVC_PICTURE, packets, pes, programTables } from "./support/ts.ts";

const FRAME = 3003;
const VIDEO = 0x100;
const AUDIO = 0x101;

/** Pictures in decoding order; `order` their places in presentation. */
function pictures(order: readonly number[], firstDts: number, picture = AVC_PICTURE): Uint8Array {
  return concat(
    ...order.map((place, i) => {
      const dts = firstDts + i * FRAME;
      return packets(VIDEO, pes(picture, firstDts + (place + 1) * FRAME, dts));
    }),
  );
}

describe("MPEG-TS", () => {
  test("times are those of the video, B-frames in mind", () => {
    const audio = packets(AUDIO, pes(concat(adtsFrame(), adtsFrame()), 126000));
    const segment = concat(programTables([0x1b, VIDEO], [0x0f, AUDIO]), pictures([0, 3, 1, 2, 4], 126000), audio);
    expect(inspect(segment)).toEqual({
      kind: "segment",
      container: "ts",
      tracks: [],
      brands: [],
      codecs: ["avc1.64001f", "mp4a.40.2"],
      times: { timescale: 90000, decodeTime: 126000, durationTicks: 5 * FRAME, samples: 5, video: true },
      defects: [],
    });
  });

  test("timestamps may wrap inside a segment", () => {
    const start = 2 ** 33 - 2 * FRAME;
    const { times } = inspectSegment(concat(programTables([0x1b, VIDEO]), pictures([0, 1, 2, 3], start)));
    expect(times).toMatchObject({ decodeTime: start, durationTicks: 4 * FRAME });
  });

  test("HEVC tells its codec through emulation prevention", () => {
    const segment = concat(programTables([0x24, VIDEO]), pictures([0, 1], 0, HEVC_PICTURE));
    expect(inspectSegment(segment).codecs).toEqual(["hvc1.1.6.L93.90"]);
  });

  test("PES headers may be cut by packets at any place", () => {
    const units = [0, 1, 2].map((i) => packets(VIDEO, pes(AVC_PICTURE, i * FRAME, i * FRAME), 3));
    const report = inspectSegment(concat(programTables([0x1b, VIDEO]), ...units));
    expect(report).toMatchObject({ codecs: ["avc1.64001f"], times: { durationTicks: 3 * FRAME, samples: 3 } });
  });

  test("AAC alone counts its frames, also those cut by PES packets", () => {
    const frames = concat(...Array.from({ length: 10 }, () => adtsFrame(333)));
    const units = [frames.subarray(0, 1000), frames.subarray(1000)];
    const segment = concat(
      programTables([0x15, 0x102], [0x0f, AUDIO]),
      packets(0x102, pes(text("ID3"), 90000)),
      ...units.map((unit, i) => packets(AUDIO, pes(unit, 90000 + i * 5760))),
    );
    expect(inspectSegment(segment)).toMatchObject({
      codecs: ["mp4a.40.2"],
      times: { timescale: 90000, decodeTime: 90000, durationTicks: 10 * 1920, samples: 10, video: false },
      defects: [],
    });
  });

  test("other audio goes by its timestamps", () => {
    const units = [0, 1, 2, 3].map((i) => packets(AUDIO, pes(hex("0b77"), i * 2880)));
    expect(inspectSegment(concat(programTables([0x81, AUDIO]), ...units))).toMatchObject({
      codecs: ["ac-3"],
      times: { durationTicks: 4 * 2880, video: false },
    });
  });

  test("a single picture leaves the duration to the audio, or open", () => {
    const picture = pictures([0], 0);
    const audio = packets(AUDIO, pes(adtsFrame(), 0));
    const both = inspectSegment(concat(programTables([0x1b, VIDEO], [0x0f, AUDIO]), picture, audio));
    expect(both.times).toMatchObject({ durationTicks: 1920, video: false });
    const alone = inspectSegment(concat(programTables([0x1b, VIDEO]), picture));
    expect(alone.times).toBeUndefined();
    expect(alone.defects).toEqual([]);
  });

  const tables = programTables([0x1b, VIDEO]);
  const whole = concat(tables, pictures([0, 1, 2], 0));
  test.each([
    ["no program", pictures([0, 1, 2], 0)],
    ["no samples", tables],
    ["sync lost", concat(tables, pictures([0, 1], 0), hex("00"), pictures([2, 3], 0))],
    ["ends inside a packet", whole.subarray(0, -1)],
    ["adaptation field beyond the packet", concat(whole, hex("47 0100 30 ff"), new Uint8Array(183))],
  ])("unparseable: %s", (_, bytes) => {
    expect(inspectSegment(bytes)).toMatchObject({ container: "ts", defects: ["unparseable"] });
  });
});

/** An ID3 v2.4 tag with the HLS timestamp. */
function timestampTag(high: number, low: number): Uint8Array {
  const priv = concat(text("com.apple.streaming.transportStreamTimestamp\0"), u32(high), u32(low));
  const frames = concat(text("TIT2"), hex("00000002 0000 0041"), text("PRIV"), hex("00000035 0000"), priv);
  return concat(text("ID3"), hex("0400 00 000000"), Uint8Array.of(frames.length), frames);
}

describe("packed AAC", () => {
  const frames = concat(adtsFrame(200), adtsFrame(9), adtsFrame(300));

  test("counts frames in units of the sample rate", () => {
    expect(inspectSegment(frames)).toMatchObject({
      container: "aac",
      codecs: ["mp4a.40.2"],
      times: { timescale: 48000, durationTicks: 3072, samples: 3, video: false },
      defects: [],
    });
    expect(inspectSegment(frames).times).not.toHaveProperty("decodeTime");
  });

  test("has the decode time that ID3 tells", () => {
    expect(inspectSegment(concat(timestampTag(0, 126000), frames)).times?.decodeTime).toBe(67200);
    // Only 33 bits count.
    expect(inspectSegment(concat(timestampTag(3, 0), frames)).times?.decodeTime).toBe(Math.round((2 ** 32 * 48) / 90));
    const other = concat(text("ID3"), hex("040000 0000 0102"), new Uint8Array(130));
    expect(inspectSegment(concat(other, frames, timestampTag(0, 900), frames)).times).toMatchObject({
      decodeTime: 480,
      samples: 6,
    });
  });

  test.each([
    ["ends inside a frame", frames.subarray(0, -1)],
    ["sync lost", concat(frames, text("?"))],
    ["a frame shorter than its header", concat(frames, hex("fff14c8000dffc"))],
    ["a tag alone", timestampTag(0, 1)],
    ["reserved sample rate", hex("fff17c800d1ffc")],
  ])("unparseable: %s", (_, bytes) => {
    expect(inspectSegment(bytes)).toMatchObject({ container: "aac", defects: ["unparseable"] });
  });
});

test.each(["WEBVTT", "WEBVTT\n", "\xef\xbb\xbfWEBVTT - title\n", "WEBVTT\r\nX-TIMESTAMP-MAP=MPEGTS:900000\r\n"])(
  "WebVTT %j",
  (vtt) => {
    expect(inspect(text(vtt))).toMatchObject({ container: "vtt", defects: [] });
  },
);

test.each(["WEBVTTX", "webvtt", " WEBVTT", "G", "\xff", "#EXTM3U\n"])("not media: %j", (bytes) => {
  expect(inspect(text(bytes))).toMatchObject({ kind: "segment", container: "unknown", defects: ["unparseable"] });
});
