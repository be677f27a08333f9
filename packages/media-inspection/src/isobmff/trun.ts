const DATA_OFFSET = 0x1;
const FIRST_SAMPLE_FLAGS = 0x4;
const SAMPLE_DURATION = 0x100;
/** Size, flags and composition time offset follow the duration in each sample's record. */
const SAMPLE_FIELDS = [SAMPLE_DURATION, 0x200, 0x400, 0x800];

export interface Trun {
  readonly samples: number;
  /** Sum of the samples' durations, where they are given. */
  readonly durationTicks?: number;
}

/** Track fragment run, ISO/IEC 14496-12 8.8.8. */
export function readTrun(box: DataView): Trun {
  const flags = box.getUint32(0) & 0xffffff;
  const samples = box.getUint32(4);
  const records = 8 + (flags & DATA_OFFSET ? 4 : 0) + (flags & FIRST_SAMPLE_FLAGS ? 4 : 0);
  const recordBytes = 4 * SAMPLE_FIELDS.filter((field) => flags & field).length;
  if (records + samples * recordBytes > box.byteLength) throw new RangeError("trun");
  if (!(flags & SAMPLE_DURATION)) return { samples };
  let durationTicks = 0;
  for (let i = 0; i < samples; i++) durationTicks += box.getUint32(records + i * recordBytes);
  return { samples, durationTicks };
}
