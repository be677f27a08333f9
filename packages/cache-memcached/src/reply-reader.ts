import { Header, type Response } from "memjs";

const HEADER_BYTES = 24;
const REPLY_MAGIC = 0x81;
/** More than any item of ours; a length beyond it is damage, and must not make us allocate. */
const MAX_BODY_BYTES = 8 * 1024 * 1024;

/** The connection can no longer be used: it broke, went silent, or what came is not a memcached reply. */
export class ConnectionError extends Error {
  override name = "ConnectionError";
}

/**
 * Cuts one connection's stream of bytes into replies without copying: says where the next bytes belong, so that the
 * socket reads each body straight into the buffer it is handed out in.
 */
export class ReplyReader {
  readonly #headerBytes = Buffer.alloc(HEADER_BYTES);
  #header: Response["header"] | undefined;
  #buffer = this.#headerBytes;
  #filled = 0;

  /** Where the next bytes go. Never empty. */
  get target(): Buffer {
    return this.#buffer.subarray(this.#filled);
  }

  /** Takes note of `n` bytes put into `target`. The reply they complete, if any. Throws ConnectionError. */
  advance(n: number): Response | undefined {
    this.#filled += n;
    if (this.#filled < this.#buffer.byteLength) return undefined;
    this.#filled = 0;
    if (this.#header === undefined) {
      const header = checkedHeader(this.#headerBytes);
      if (header.totalBodyLength > 0) {
        this.#header = header;
        this.#buffer = Buffer.allocUnsafeSlow(header.totalBodyLength);
        return undefined;
      }
      return reply(header, Buffer.alloc(0));
    }
    const complete = reply(this.#header, this.#buffer);
    this.#header = undefined;
    this.#buffer = this.#headerBytes;
    return complete;
  }
}

function checkedHeader(bytes: Buffer): Response["header"] {
  const header = Header.fromBuffer(bytes);
  if (header.magic !== REPLY_MAGIC) throw new ConnectionError(`reply starts with 0x${header.magic.toString(16)}`);
  if (header.totalBodyLength > MAX_BODY_BYTES || header.totalBodyLength < header.keyLength + header.extrasLength) {
    throw new ConnectionError(`reply says it has ${header.totalBodyLength} bytes`);
  }
  return header;
}

function reply(header: Response["header"], body: Buffer): Response {
  const keyStart = header.extrasLength;
  const valueStart = keyStart + header.keyLength;
  return {
    header,
    extras: body.subarray(0, keyStart),
    key: body.subarray(keyStart, valueStart),
    val: body.subarray(valueStart),
  };
}
