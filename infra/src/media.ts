import { randomFillSync } from "node:crypto";

/** Ticks a second of the media's track. */
const TIMESCALE = 90_000;
const SAMPLES = 50;
const WIDTH = 1280;
const HEIGHT = 720;

/** An init segment with one H.264 track, for segments of `mediaSegment`. */
export function initSegment(): Buffer {
  const avcC = box("avcC", Buffer.from("0164001fffe10000", "hex"));
  const size = Buffer.from([WIDTH >> 8, WIDTH & 255, HEIGHT >> 8, HEIGHT & 255]);
  const avc1 = box("avc1", Buffer.alloc(24), size, Buffer.alloc(50), avcC);
  const trak = box(
    "trak",
    box("tkhd", u32(3, 0, 0, 1, 0, 0), Buffer.alloc(52), u32(WIDTH << 16, HEIGHT << 16)),
    box(
      "mdia",
      box("mdhd", u32(0, 0, 0, TIMESCALE, 0, 0)),
      box("hdlr", u32(0, 0), Buffer.from("vide"), Buffer.alloc(13)),
      box("minf", box("stbl", box("stsd", u32(0, 1), avc1))),
    ),
  );
  const mvex = box("mvex", box("trex", u32(0, 1, 1, 0, 0, 0)));
  return Buffer.concat([
    box("ftyp", Buffer.from("cmf2"), u32(0), Buffer.from("iso6")),
    box("moov", box("mvhd", Buffer.alloc(100)), trak, mvex),
  ]);
}

/** A whole fMP4 segment without a defect, of exactly `sizeBytes` (at least 4 KiB), no two with the same bytes. */
export function mediaSegment({
  number,
  durationMs,
  sizeBytes,
}: {
  number: number;
  durationMs: number;
  sizeBytes: number;
}): Buffer {
  const ticks = (durationMs * TIMESCALE) / 1000;
  const decodeTime = Buffer.alloc(8);
  decodeTime.writeBigUInt64BE(BigInt(number) * BigInt(ticks));
  const head = (sampleBytes: number, lastBytes: number, dataOffset: number) =>
    box(
      "moof",
      box("mfhd", u32(0, 1)),
      box(
        "traf",
        box("tfhd", u32(0x020000, 1)),
        box("tfdt", u32(0x01000000), decodeTime),
        box("trun", u32(0x000301, SAMPLES, dataOffset), samples(ticks / SAMPLES, sampleBytes, lastBytes)),
      ),
    );
  const headBytes = head(0, 0, 0).length;
  const mediaBytes = sizeBytes - headBytes - 8;
  const sampleBytes = Math.floor(mediaBytes / SAMPLES);
  const lastBytes = mediaBytes - sampleBytes * (SAMPLES - 1);
  const media = randomFillSync(Buffer.allocUnsafe(mediaBytes));
  return Buffer.concat([head(sampleBytes, lastBytes, headBytes + 8), box("mdat", media)]);
}

function samples(ticks: number, bytes: number, lastBytes: number): Buffer {
  return u32(...Array.from({ length: SAMPLES }, (_, i) => [ticks, i === SAMPLES - 1 ? lastBytes : bytes]).flat());
}

function box(type: string, ...parts: readonly Buffer[]): Buffer {
  const bytes = parts.reduce((sum, part) => sum + part.length, 8);
  return Buffer.concat([u32(bytes), Buffer.from(type, "latin1"), ...parts]);
}

function u32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [i, value] of values.entries()) bytes.writeUInt32BE(value, 4 * i);
  return bytes;
}
