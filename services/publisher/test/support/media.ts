/** Media that a test can write down. */

const box = (type: string, ...parts: Buffer[]): Buffer => {
  const body = Buffer.concat(parts);
  const size = Buffer.alloc(4);
  size.writeUInt32BE(body.length + 8);
  return Buffer.concat([size, Buffer.from(type, "latin1"), body]);
};

/** WebVTT: a whole segment without a defect. */
export const vtt = (text: string): Buffer => Buffer.from(`WEBVTT\n\n00:00.000 --> 00:02.000\n${text}\n`);

/** Bytes that no parser takes for media: a defective copy. */
export const noise = (sizeBytes: number, seed = 1): Buffer =>
  Buffer.from(Uint8Array.from({ length: sizeBytes }, (_, i) => (i * 31 + seed * 7) % 251));

const u32 = (...values: number[]): Buffer => {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [i, value] of values.entries()) bytes.writeUInt32BE(value, 4 * i);
  return bytes;
};

/** An init segment with one text track, which has the least to declare. */
export function init(brand = "iso6"): Buffer {
  const trak = box(
    "trak",
    box("tkhd", u32(3, 0, 0, 1, 0, 0), Buffer.alloc(60)),
    box(
      "mdia",
      box("mdhd", u32(0, 0, 0, 1000, 0, 0)),
      box("hdlr", u32(0, 0), Buffer.from("text"), Buffer.alloc(13)),
      box("minf", box("stbl", box("stsd", u32(0, 1), box("wvtt", Buffer.alloc(8))))),
    ),
  );
  return Buffer.concat([
    box("ftyp", Buffer.from(brand), Buffer.alloc(4)),
    box("moov", box("mvhd", Buffer.alloc(100)), trak),
  ]);
}
