const OWNER = "com.apple.streaming.transportStreamTimestamp\0";
const HEADER_BYTES = 10;

/**
 * The media time that HLS puts in front of packed audio (RFC 8216 3.4): 33 bits of 90 kHz from the PRIV frame of an
 * ID3 v2.4 tag (or its beginning); undefined if there is none.
 */
export function readTransportTimestamp(tag: Uint8Array): number | undefined {
  const view = new DataView(tag.buffer, tag.byteOffset, tag.byteLength);
  for (let at = HEADER_BYTES; at + HEADER_BYTES <= tag.length; ) {
    const content = at + HEADER_BYTES;
    const size = tag.subarray(at + 4, at + 8).reduce((sum, byte) => sum * 128 + (byte & 0x7f), 0);
    if (latin1(tag, at, 4) === "PRIV" && latin1(tag, content, OWNER.length) === OWNER) {
      const value = content + OWNER.length;
      if (size !== OWNER.length + 8 || value + 8 > tag.length) return undefined;
      return (view.getUint32(value) & 1) * 2 ** 32 + view.getUint32(value + 4);
    }
    at = content + size;
  }
  return undefined;
}

function latin1(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length));
}
