export interface Tkhd {
  readonly id: number;
  /** Size at which the track is displayed, in pixels; 0 if left open. */
  readonly width: number;
  readonly height: number;
}

/** Track header, ISO/IEC 14496-12 8.3.2. */
export function readTkhd(box: DataView): Tkhd {
  const wide = box.getUint8(0) === 1;
  const size = wide ? 88 : 76;
  return {
    id: box.getUint32(wide ? 20 : 12),
    width: Math.round(box.getUint32(size) / 65536),
    height: Math.round(box.getUint32(size + 4) / 65536),
  };
}
