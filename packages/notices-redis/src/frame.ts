import type { Namespace } from "@headwater/kv";
import type { Notice } from "@headwater/notices";

const VERSION = 1;
const KINDS = ["heartbeat", "notice", "bye"] as const;
const HEADER_BYTES = 22;
export const PUBLISHER_ID_BYTES = 8;

/**
 * What a publisher says of itself with each message. `sequence` counts its notices: of a notice its own number, from 1;
 * of a heartbeat or the bye of one that leaves, the number of the last.
 */
export interface Header {
  readonly kind: (typeof KINDS)[number];
  /** Hex; a publisher's for as long as it runs. */
  readonly publisher: string;
  readonly sequence: number;
  /** The publisher's clock, ms since the Unix epoch. */
  readonly sentMs: number;
}

export type Frame = { readonly header: Header; readonly notice?: Notice };

/**
 * One message, big-endian: version 1, kind 1, publisher 8, sequence 6, sent 6; a notice goes on with token 8, and
 * namespace, id, key, each after its length (1, 2, 2); its value is the rest. Throws RangeError beyond those lengths.
 */
export function encodeFrame(header: Header, notice?: Notice): Buffer {
  const head = Buffer.alloc(HEADER_BYTES);
  head[0] = VERSION;
  head[1] = KINDS.indexOf(header.kind);
  head.write(header.publisher, 2, "hex");
  head.writeUIntBE(header.sequence, 10, 6);
  head.writeUIntBE(header.sentMs, 16, 6);
  if (!notice) return head;

  const { namespace, row } = notice;
  const [name, id] = [Buffer.from(namespace), Buffer.from(row.id)];
  const fixed = Buffer.alloc(13);
  fixed.writeBigUInt64BE(BigInt(row.tokenUs), 0);
  fixed.writeUInt8(name.length, 8);
  fixed.writeUInt16BE(id.length, 9);
  fixed.writeUInt16BE(row.key.length, 11);
  return Buffer.concat([head, fixed, name, id, row.key, row.value]);
}

/** The frame in a message, or undefined if it is none of ours (another version, cut short). */
export function decodeFrame(message: Buffer): Frame | undefined {
  const kind = KINDS[message[1] ?? -1];
  if (message.length < HEADER_BYTES || message[0] !== VERSION || !kind) return undefined;
  const header = {
    kind,
    publisher: message.toString("hex", 2, 10),
    sequence: message.readUIntBE(10, 6),
    sentMs: message.readUIntBE(16, 6),
  };
  if (kind !== "notice") return { header };

  const body = message.subarray(HEADER_BYTES);
  if (body.length < 13) return undefined;
  const idAt = 13 + body.readUInt8(8);
  const keyAt = idAt + body.readUInt16BE(9);
  const valueAt = keyAt + body.readUInt16BE(11);
  if (body.length < valueAt) return undefined;
  const row = {
    id: body.toString("utf8", idAt, keyAt),
    key: body.subarray(keyAt, valueAt),
    value: body.subarray(valueAt),
    tokenUs: Number(body.readBigUInt64BE(0)),
  };
  return { header, notice: { namespace: body.toString("latin1", 13, idAt) as Namespace, row } };
}
