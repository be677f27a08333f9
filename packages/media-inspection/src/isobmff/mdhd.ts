/** Media header, ISO/IEC 14496-12 8.4.2: the timescale, units per second. */
export function readMdhd(box: DataView): number {
  const timescale = box.getUint32(box.getUint8(0) === 1 ? 20 : 12);
  if (timescale === 0) throw new RangeError("timescale");
  return timescale;
}
