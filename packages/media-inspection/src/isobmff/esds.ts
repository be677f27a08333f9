const ES_DESCRIPTOR = 0x03;
const DECODER_CONFIG = 0x04;
const DECODER_SPECIFIC_INFO = 0x05;
const OBJECT_TYPE_AAC = 0x40;

/** Elementary stream descriptor, ISO/IEC 14496-14 and 14496-1 7.2.6: the codec as `mp4a.40.2`. */
export function readEsds(box: DataView): string {
  let at = expectTag(box, 4, ES_DESCRIPTOR);
  const flags = box.getUint8(at + 2);
  at += 3 + (flags & 0x80 ? 2 : 0);
  if (flags & 0x40) at += 1 + box.getUint8(at);
  if (flags & 0x20) at += 2;
  at = expectTag(box, at, DECODER_CONFIG);
  const objectType = box.getUint8(at);
  const codec = `mp4a.${objectType.toString(16).toUpperCase().padStart(2, "0")}`;
  if (objectType !== OBJECT_TYPE_AAC) return codec;
  at = expectTag(box, at + 13, DECODER_SPECIFIC_INFO);
  const bits = box.getUint16(at);
  const audioObjectType = bits >> 11;
  // 31 escapes to six more bits.
  return `${codec}.${audioObjectType === 31 ? 32 + ((bits >> 5) & 0x3f) : audioObjectType}`;
}

/** Steps over a tag and its length (one to four bytes of seven bits); where the content begins. */
function expectTag(box: DataView, offset: number, tag: number): number {
  if (box.getUint8(offset) !== tag) throw new RangeError("esds");
  let at = offset + 1;
  while (at < offset + 4 && box.getUint8(at) & 0x80) at++;
  return at + 1;
}
