import { viewOf } from "../isobmff/box.ts";

const AVC_SPS = 7;
const HEVC_SPS = 33;
const PROFILE_TIER_LEVEL_BYTES = 12;

/** Profile, constraints, level of the first H.264 SPS in an Annex B stream; undefined if there is none. */
export function avcProfileOf(stream: Uint8Array): [number, number, number] | undefined {
  for (const at of nalUnits(stream)) {
    if ((stream[at]! & 0x1f) === AVC_SPS && at + 3 < stream.length) {
      return [stream[at + 1]!, stream[at + 2]!, stream[at + 3]!];
    }
  }
  return undefined;
}

/** The general part of profile_tier_level (12 bytes) of the first HEVC SPS; undefined if there is none. */
export function hevcProfileOf(stream: Uint8Array): DataView | undefined {
  for (const at of nalUnits(stream)) {
    if (((stream[at]! >> 1) & 0x3f) !== HEVC_SPS) continue;
    // Behind the NAL header (2 bytes) and one byte of ids.
    const profile = withoutEmulation(stream.subarray(at + 2), 1 + PROFILE_TIER_LEVEL_BYTES).subarray(1);
    if (profile.length === PROFILE_TIER_LEVEL_BYTES) return viewOf(profile);
  }
  return undefined;
}

/** Offsets of the NAL units behind their start codes 00 00 01. */
function* nalUnits(stream: Uint8Array): Generator<number> {
  for (let at = 3; at < stream.length; at++) {
    if (stream[at - 1] === 1 && stream[at - 2] === 0 && stream[at - 3] === 0) yield at;
  }
}

/** The first `length` bytes without emulation prevention (the 03 of 00 00 03). */
function withoutEmulation(bytes: Uint8Array, length: number): Uint8Array {
  const plain: number[] = [];
  for (let at = 0; at < bytes.length && plain.length < length; at++) {
    if (at >= 2 && bytes[at] === 3 && bytes[at - 1] === 0 && bytes[at - 2] === 0) continue;
    plain.push(bytes[at]!);
  }
  return Uint8Array.from(plain);
}
