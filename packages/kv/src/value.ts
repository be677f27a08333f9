import { randomBytes } from "node:crypto";

/** Where a value's bytes are and what they must be. `hash` is the SHA-256 of the whole value, hex. */
export interface ChunkRef {
  readonly nonce: string;
  readonly chunks: number;
  readonly sizeBytes: number;
  readonly hash: string;
}

/** What a row of ours holds: what it says (`meta`, JSON), and the chunks it makes visible, if any. */
export interface StoredValue<Meta> {
  readonly ref?: ChunkRef;
  readonly meta: Meta;
}

/** 32 hex digits: 12 of milliseconds since the Unix epoch, so that stores can group by age, and 20 of chance. */
export function newNonce(nowMs: number): string {
  return nowMs.toString(16).padStart(12, "0") + randomBytes(10).toString("hex");
}

/** The moment in ms at which a nonce was made. */
export function nonceTimeMs(nonce: string): number {
  return Number.parseInt(nonce.slice(0, 12), 16);
}

export function encodeValue<Meta>(value: StoredValue<Meta>): Buffer {
  return Buffer.from(JSON.stringify(value));
}

export function decodeValue<Meta>(value: Buffer): StoredValue<Meta> {
  return JSON.parse(value.toString()) as StoredValue<Meta>;
}

/** The token of a write: now in µs, but always after the row it replaces (`replacedUs`). */
export function nextToken(nowMs: number, replacedUs = 0): number {
  return Math.max(Math.trunc(nowMs * 1000), replacedUs + 1);
}
