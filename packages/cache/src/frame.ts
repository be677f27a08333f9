import { createCipheriv } from "node:crypto";

const MAGIC = 0x48574332; // "HWC2"
const TAG_BYTES = 16;

/** Bytes added to every stored chunk: magic and size, 4 bytes each, and a tag over key and chunk. */
export const FRAME_BYTES = 8 + TAG_BYTES;

/** The value to store for a chunk, a copy of it behind its frame. */
export function encodeChunk(key: string, chunk: Uint8Array): Buffer {
  const value = Buffer.allocUnsafeSlow(FRAME_BYTES + chunk.byteLength);
  value.writeUInt32BE(MAGIC, 0);
  value.writeUInt32BE(chunk.byteLength, 4);
  value.set(tagOf(key, chunk), 8);
  value.set(chunk, FRAME_BYTES);
  return value;
}

/** Whether this looks like a value of ours, of this version: whether what is wrong with it is damage. */
export function isFramed(value: Buffer): boolean {
  return value.byteLength >= FRAME_BYTES && value.readUInt32BE(0) === MAGIC;
}

/**
 * The chunk inside a stored value, not copied. Undefined when the value is cut, damaged, not ours, or was stored under
 * another key.
 */
export function decodeChunk(key: string, value: Buffer): Buffer | undefined {
  if (!isFramed(value)) return undefined;
  const chunk = value.subarray(FRAME_BYTES);
  if (value.readUInt32BE(4) !== chunk.byteLength) return undefined;
  return tagOf(key, chunk).equals(value.subarray(8, FRAME_BYTES)) ? chunk : undefined;
}

const CIPHER = "aes-128-gcm";
const SECRET = Buffer.alloc(16);
const NONCE = Buffer.alloc(12);

/** GMAC as a checksum, whose secret is none: it takes half the time of zlib's CRC32 (ADR 14). */
function tagOf(key: string, chunk: Uint8Array): Buffer {
  const cipher = createCipheriv(CIPHER, SECRET, NONCE, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.from(key)).setAAD(chunk);
  cipher.final();
  return cipher.getAuthTag();
}
