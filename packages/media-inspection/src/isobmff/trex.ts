export interface Trex {
  readonly trackId: number;
  readonly defaultSampleDuration: number;
}

/** Track extends, ISO/IEC 14496-12 8.8.3. */
export function readTrex(box: DataView): Trex {
  return { trackId: box.getUint32(4), defaultSampleDuration: box.getUint32(12) };
}
