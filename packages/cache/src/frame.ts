import { crc32 } from "node:zlib";

const MAGIC = 0x48574331; // "HWC1"

/** Bytes added to every stored chunk: magic, size, CRC32 over key and chunk, 4 bytes each. */
export const FRAME_BYTES = 12;

/** The value to store for a chunk, a copy of it behind its frame. */
export function encodeChunk(key: string, chunk: Uint8Array): Buffer {
  const value = Buffer.allocUnsafeSlow(FRAME_BYTES + chunk.byteLength);
  value.writeUInt32BE(MAGIC, 0);
  value.writeUInt32BE(chunk.byteLength, 4);
  value.writeUInt32BE(checksum(key, chunk), 8);
  value.set(chunk, FRAME_BYTES);
  return value;
}

/**
 * The chunk inside a stored value, not copied. Undefined when the value is cut, damaged, not ours, or was stored under
 * another key.
 */
export function decodeChunk(key: string, value: Buffer): Buffer | undefined {
  if (value.byteLength < FRAME_BYTES || value.readUInt32BE(0) !== MAGIC) return undefined;
  const chunk = value.subarray(FRAME_BYTES);
  if (value.readUInt32BE(4) !== chunk.byteLength) return undefined;
  return value.readUInt32BE(8) === checksum(key, chunk) ? chunk : undefined;
}

function checksum(key: string, chunk: Uint8Array): number {
  return crc32(chunk, crc32(key));
}
