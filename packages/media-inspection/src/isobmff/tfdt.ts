import { uint64 } from "./box.ts";

/** Base media decode time, ISO/IEC 14496-12 8.8.12, in the track's timescale. */
export function readTfdt(box: DataView): number {
  return box.getUint8(0) === 1 ? uint64(box, 4) : box.getUint32(4);
}
