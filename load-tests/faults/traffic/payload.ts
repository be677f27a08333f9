import { createCipheriv, createHash } from "node:crypto";
import { mediaSegment } from "@headwater/infra";

/** What tells one segment from all others. */
export interface SegmentName {
  readonly event: string;
  readonly rendition: string;
  readonly number: number;
}

export interface PayloadOptions {
  readonly seed: string;
  readonly durationMs: number;
  readonly minBytes: number;
  readonly maxBytes: number;
}

/**
 * The bytes of a segment, recomputable from its name and the run's seed alone: a whole fMP4 segment whose media is a
 * key stream, so that no two share a run of bytes.
 */
export function segmentBytes(name: SegmentName, { seed, durationMs, minBytes, maxBytes }: PayloadOptions): Buffer {
  const key = createHash("sha256").update(`${seed}/${name.event}/${name.rendition}/${name.number}`).digest();
  const sizeBytes = minBytes + (key.readUInt32BE(16) % (maxBytes - minBytes + 1));
  const bytes = mediaSegment({ number: name.number, durationMs, sizeBytes });
  const media = bytes.subarray(bytes.indexOf("mdat") + 4);
  createCipheriv("aes-128-ctr", key.subarray(0, 16), Buffer.alloc(16)).update(media.fill(0)).copy(media);
  return bytes;
}
