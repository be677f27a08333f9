import { concat, hex, text } from "./bytes.ts";

export function u16(value: number): Uint8Array {
  return hex(value.toString(16).padStart(4, "0"));
}

export function u32(value: number): Uint8Array {
  return hex(value.toString(16).padStart(8, "0"));
}

export function u64(value: number): Uint8Array {
  return hex(value.toString(16).padStart(16, "0"));
}

export function box(type: string, ...parts: readonly Uint8Array[]): Uint8Array {
  const body = concat(...parts);
  return concat(u32(body.length + 8), text(type), body);
}

export function fullBox(type: string, version: number, flags: number, ...parts: readonly Uint8Array[]): Uint8Array {
  return box(type, u32(version * 2 ** 24 + flags), ...parts);
}

const AVCC = box("avcC", hex("01 64 00 1f ff e1 00 00"));
const ESDS = fullBox("esds", 0, 0, hex("03 19 0001 00 04 11 40 15 000000 00000000 00000000 05 02 1190 06 01 02"));

export function visualEntry(type = "avc1", config = AVCC, width = 1280, height = 720): Uint8Array {
  return box(type, new Uint8Array(24), u16(width), u16(height), new Uint8Array(50), config);
}

export function audioEntry(type = "mp4a", config = ESDS): Uint8Array {
  return box(type, new Uint8Array(28), config);
}

export interface Trak {
  readonly id: number;
  readonly handler?: string;
  readonly timescale?: number;
  readonly entry?: Uint8Array;
  readonly displaySize?: readonly [number, number];
  readonly version?: 0 | 1;
}

export function trak(options: Trak): Uint8Array {
  const { id, handler = "vide", timescale = 90000, entry = visualEntry(), displaySize = [0, 0], version = 0 } = options;
  const dates = new Uint8Array(version === 1 ? 16 : 8);
  const duration = new Uint8Array(version === 1 ? 8 : 4);
  const size = concat(u32(displaySize[0] * 65536), u32(displaySize[1] * 65536));
  return box(
    "trak",
    fullBox("tkhd", version, 3, dates, u32(id), u32(0), duration, new Uint8Array(52), size),
    box(
      "mdia",
      fullBox("mdhd", version, 0, dates, u32(timescale), duration, u32(0)),
      fullBox("hdlr", 0, 0, u32(0), text(handler), new Uint8Array(13)),
      box("minf", box("stbl", fullBox("stsd", 0, 0, u32(1), entry))),
    ),
  );
}

export function trex(trackId: number, duration: number): Uint8Array {
  return fullBox("trex", 0, 0, u32(trackId), u32(1), u32(duration), u32(0), u32(0));
}

/** An init of the given `trak`s and `trex`s. */
export function initSegment(traks: readonly Uint8Array[], trexs: readonly Uint8Array[] = []): Uint8Array {
  const moov = box("moov", fullBox("mvhd", 0, 0, new Uint8Array(96)), ...traks, box("mvex", ...trexs));
  return concat(box("ftyp", text("cmf2"), u32(0), text("iso6")), moov);
}

export interface Fragment {
  readonly trackId?: number;
  readonly decodeTime?: number;
  readonly wide?: boolean;
  /** Durations in the trun. */
  readonly durations?: readonly number[];
  /** Without durations: samples of the tfhd's (or trex's) default. */
  readonly samples?: number;
  readonly tfhdDuration?: number;
}

export function traf(fragment: Fragment): Uint8Array {
  const { trackId = 1, decodeTime = 0, wide = false, durations, samples = 0, tfhdDuration } = fragment;
  const tfhd =
    tfhdDuration === undefined
      ? fullBox("tfhd", 0, 0x020000, u32(trackId))
      : fullBox("tfhd", 0, 0x00000b, u32(trackId), u64(0), u32(1), u32(tfhdDuration));
  const tfdt = wide ? fullBox("tfdt", 1, 0, u64(decodeTime)) : fullBox("tfdt", 0, 0, u32(decodeTime));
  const trun = durations
    ? fullBox(
        "trun",
        0,
        0xf05,
        u32(durations.length),
        u32(0),
        u32(0),
        ...durations.map((ticks) => concat(u32(ticks), u32(4), u32(0), u32(0))),
      )
    : fullBox("trun", 0, 0x201, u32(samples), u32(0), ...Array.from({ length: samples }, () => u32(4)));
  return box("traf", tfhd, tfdt, trun);
}

export function moof(...trafs: readonly Uint8Array[]): Uint8Array {
  return box("moof", fullBox("mfhd", 0, 0, u32(1)), ...trafs);
}

export function styp(...brands: readonly string[]): Uint8Array {
  return box("styp", text(brands[0] ?? "msdh"), u32(0), ...brands.map(text));
}

export const MDAT = box("mdat", text("media"));
