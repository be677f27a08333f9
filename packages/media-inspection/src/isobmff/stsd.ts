import { av1Codec, avcCodec, hevcCodec } from "../codec.ts";
import type { InitTrack } from "../types.ts";
import { childBoxes, findBox } from "./box.ts";
import { readEsds } from "./esds.ts";

export interface SampleEntry {
  /** As in RFC 6381, or the entry's four letters where no more is known. */
  readonly codec: string;
  /** Coded size of a picture. */
  readonly size?: { readonly width: number; readonly height: number };
}

/** Where the child boxes of a sample entry begin. */
const VISUAL_CHILDREN = 78;
const AUDIO_CHILDREN = 28;

/** Sample descriptions, ISO/IEC 14496-12 8.5.2: the first entry. */
export function readStsd(box: DataView, track: InitTrack["type"]): SampleEntry {
  for (const { type, body } of childBoxes(box, 8)) {
    if (track === "video") {
      const size = { width: body.getUint16(24), height: body.getUint16(26) };
      return { codec: visualCodec(type, body), size };
    }
    if (track === "audio") return { codec: audioCodec(type, body) };
    return { codec: letters(type) };
  }
  throw new RangeError("no sample entry");
}

function visualCodec(type: string, entry: DataView): string {
  if (type === "avc1" || type === "avc3") {
    const avcC = findBox(entry, "avcC", VISUAL_CHILDREN);
    if (avcC) return avcCodec(type, avcC.getUint8(1), avcC.getUint8(2), avcC.getUint8(3));
  } else if (type === "hvc1" || type === "hev1") {
    const hvcC = findBox(entry, "hvcC", VISUAL_CHILDREN);
    if (hvcC) return hevcCodec(type, new DataView(hvcC.buffer, hvcC.byteOffset + 1, hvcC.byteLength - 1));
  } else if (type === "av01") {
    const av1C = findBox(entry, "av1C", VISUAL_CHILDREN);
    if (av1C) return av1Codec(av1C.getUint8(1), av1C.getUint8(2));
  }
  return letters(type);
}

function audioCodec(type: string, entry: DataView): string {
  // QuickTime's later versions of the entry have other fields in front of the boxes: leave those alone.
  if (type !== "mp4a" || entry.getUint16(8) !== 0) return letters(type);
  const esds = findBox(entry, "esds", AUDIO_CHILDREN);
  return esds ? readEsds(esds) : type;
}

/** The codec ends up inside quotes in playlists: nothing strange may be in it. */
function letters(type: string): string {
  return type.replaceAll(/[^A-Za-z0-9-]/g, "_");
}
