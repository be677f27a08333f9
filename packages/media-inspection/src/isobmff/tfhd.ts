const BASE_DATA_OFFSET = 0x1;
const SAMPLE_DESCRIPTION_INDEX = 0x2;
const DEFAULT_SAMPLE_DURATION = 0x8;

export interface Tfhd {
  readonly trackId: number;
  readonly defaultSampleDuration?: number;
}

/** Track fragment header, ISO/IEC 14496-12 8.8.7. */
export function readTfhd(box: DataView): Tfhd {
  const flags = box.getUint32(0) & 0xffffff;
  const trackId = box.getUint32(4);
  if (!(flags & DEFAULT_SAMPLE_DURATION)) return { trackId };
  const at = 8 + (flags & BASE_DATA_OFFSET ? 8 : 0) + (flags & SAMPLE_DESCRIPTION_INDEX ? 4 : 0);
  return { trackId, defaultSampleDuration: box.getUint32(at) };
}
