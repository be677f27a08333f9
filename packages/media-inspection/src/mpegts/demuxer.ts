import { createElementaryStream, type ElementaryStream } from "./elementary-stream.ts";
import { createSectionReader, readPat, readPmt } from "./psi.ts";

const PAT_PID = 0;

export interface Demuxer {
  /** Takes one packet of 188 bytes; false if it is not one. */
  packet(packet: Uint8Array): boolean;
  /** Audio and video of the first program, in the order of its map. */
  streams(): readonly ElementaryStream[];
}

/** Brings the packets of the first program to its elementary streams. */
export function createDemuxer(): Demuxer {
  let pmtPid: number | undefined;
  let streams: ReadonlyMap<number, ElementaryStream> | undefined;
  const pat = createSectionReader((section) => {
    pmtPid ??= readPat(section);
  });
  const pmt = createSectionReader((section) => {
    streams ??= createStreams(section);
  });

  return {
    packet(packet) {
      const control = packet[3]!;
      const start = 4 + (control & 0x20 ? 1 + packet[4]! : 0);
      if (packet[0] !== 0x47 || start > packet.length) return false;
      if (!(control & 0x10)) return true;
      const pid = ((packet[1]! & 0x1f) << 8) | packet[2]!;
      const unitStart = (packet[1]! & 0x40) !== 0;
      const payload = packet.subarray(start);
      if (pid === PAT_PID) pat(payload, unitStart);
      else if (pid === pmtPid) pmt(payload, unitStart);
      else streams?.get(pid)?.payload(payload, unitStart);
      return true;
    },
    streams: () => [...(streams?.values() ?? [])],
  };
}

function createStreams(section: Uint8Array): ReadonlyMap<number, ElementaryStream> | undefined {
  const listed = readPmt(section);
  if (listed === undefined) return undefined;
  const streams = new Map<number, ElementaryStream>();
  for (const { pid, streamType } of listed) {
    const stream = createElementaryStream(streamType);
    if (stream) streams.set(pid, stream);
  }
  return streams;
}
