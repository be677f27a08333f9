import { type Inspector, segmentReport } from "../scanner.ts";
import { createDemuxer } from "./demuxer.ts";

const PACKET_BYTES = 188;

/** MPEG transport streams (ISO/IEC 13818-1), times in 90 kHz. */
export function createTsScanner(): Inspector {
  const demuxer = createDemuxer();
  const partial = new Uint8Array(PACKET_BYTES);
  let partialBytes = 0;
  let sync = true;

  const take = (bytes: Uint8Array, at: number): number => {
    if (partialBytes === 0 && bytes.length - at >= PACKET_BYTES) {
      sync = demuxer.packet(bytes.subarray(at, at + PACKET_BYTES));
      return PACKET_BYTES;
    }
    const part = bytes.subarray(at, at + PACKET_BYTES - partialBytes);
    partial.set(part, partialBytes);
    partialBytes += part.length;
    if (partialBytes === PACKET_BYTES) {
      partialBytes = 0;
      sync = demuxer.packet(partial);
    }
    return part.length;
  };

  return {
    push(bytes) {
      for (let at = 0; at < bytes.length && sync; ) at += take(bytes, at);
    },
    finish() {
      const streams = demuxer.streams();
      const timed = streams.filter((stream) => stream.samples > 0);
      const times =
        streams.find((stream) => stream.kind === "video")?.times() ??
        streams.find((stream) => stream.kind === "audio")?.times();
      return segmentReport("ts", {
        codecs: streams.flatMap((stream) => stream.codec() ?? []),
        ...(times && { times }),
        defects: sync && partialBytes === 0 && timed.length > 0 ? [] : ["unparseable"],
      });
    },
  };
}
