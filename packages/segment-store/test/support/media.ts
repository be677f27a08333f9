/** Just enough fMP4 to be an init or a segment of one video track at 90 kHz. */

const u32 = (...values: number[]): Buffer => {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [i, value] of values.entries()) bytes.writeUInt32BE(value, 4 * i);
  return bytes;
};

function box(type: string, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([u32(body.length + 8), Buffer.from(type), body]);
}

const full = (type: string, flags: number, ...parts: readonly Buffer[]): Buffer => box(type, u32(flags), ...parts);

const TIMESCALE = 90_000;

/** `variant` makes another init of the same track. */
export function init(variant = 0, trackId = 1): Buffer {
  const avcC = box("avcC", Buffer.from("0164001fffe10000", "hex"));
  const entry = box("avc1", Buffer.alloc(24), Buffer.from("050002d0", "hex"), Buffer.alloc(50), avcC);
  const media = box(
    "mdia",
    full("mdhd", 0, Buffer.alloc(8), u32(TIMESCALE, 0, 0)),
    full("hdlr", 0, u32(0), Buffer.from("vide"), Buffer.alloc(13)),
    box("minf", box("stbl", full("stsd", 0, u32(1), entry))),
  );
  const trak = box("trak", full("tkhd", 3, Buffer.alloc(8), u32(trackId), Buffer.alloc(64), u32(0, 0)), media);
  const mvex = box("mvex", full("trex", 0, u32(trackId, 1, 0, 0, 0)));
  const moov = box("moov", full("mvhd", 0, Buffer.alloc(96)), trak, mvex, box("free", u32(variant)));
  return Buffer.concat([box("ftyp", Buffer.from("cmf2"), u32(0), Buffer.from("iso6")), moov]);
}

export interface SegmentOptions {
  readonly atSec: number;
  readonly durationSec?: number;
  /** Tells this segment's bytes from others'. */
  readonly payload?: string | Buffer;
  readonly trackId?: number;
}

/** One fragment of 25 samples a second. */
export function segment({ atSec, durationSec = 2, payload = "", trackId = 1 }: SegmentOptions): Buffer {
  const samples = Math.round(durationSec * 25);
  const sample = u32(3600, 4, 0, 0);
  const trun = full("trun", 0xf05, u32(samples, 0, 0), ...Array.from({ length: samples }, () => sample));
  const tfhd = full("tfhd", 0x020000, u32(trackId));
  const tfdt = full("tfdt", 0, u32(Math.round(atSec * TIMESCALE)));
  const moof = box("moof", full("mfhd", 0, u32(1)), box("traf", tfhd, tfdt, trun));
  const body = typeof payload === "string" ? Buffer.from(`media ${atSec} ${payload}`) : payload;
  return Buffer.concat([moof, box("mdat", body)]);
}
