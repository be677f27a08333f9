const PAT_TABLE = 0x00;
const PMT_TABLE = 0x02;
/** A section of these tables is at most 1021 bytes behind its first three. */
const MAX_SECTION_BYTES = 1024;
const CRC_BYTES = 4;

export interface ListedStream {
  readonly pid: number;
  readonly streamType: number;
}

/** Gathers the sections of one PID (ISO/IEC 13818-1 2.4.4), the first of each payload unit. */
export function createSectionReader(onSection: (section: Uint8Array) => void) {
  const buffer = new Uint8Array(MAX_SECTION_BYTES);
  let length = 0;
  let open = false;

  return (payload: Uint8Array, unitStart: boolean): void => {
    if (unitStart) {
      length = 0;
      open = true;
    }
    if (!open) return;
    const part = payload.subarray(unitStart ? 1 + (payload[0] ?? 0) : 0).subarray(0, MAX_SECTION_BYTES - length);
    buffer.set(part, length);
    length += part.length;
    const size = length < 3 ? MAX_SECTION_BYTES : 3 + (((buffer[1]! & 0xf) << 8) | buffer[2]!);
    if (length >= size) {
      open = false;
      onSection(buffer.subarray(0, size));
    } else if (length === MAX_SECTION_BYTES) open = false;
  };
}

/** PID of the first program's map; undefined if the section tells none. */
export function readPat(section: Uint8Array): number | undefined {
  if (section[0] !== PAT_TABLE) return undefined;
  for (let at = 8; at + 4 <= section.length - CRC_BYTES; at += 4) {
    // Program 0 is the network's.
    if (uint16(section, at) !== 0) return uint16(section, at + 2) & 0x1fff;
  }
  return undefined;
}

/** The elementary streams of a program map; undefined if the section is none. */
export function readPmt(section: Uint8Array): ListedStream[] | undefined {
  if (section[0] !== PMT_TABLE || section.length < 12 + CRC_BYTES) return undefined;
  const streams: ListedStream[] = [];
  for (let at = 12 + (uint16(section, 10) & 0xfff); at + 5 <= section.length - CRC_BYTES; ) {
    streams.push({ streamType: section[at]!, pid: uint16(section, at + 1) & 0x1fff });
    at += 5 + (uint16(section, at + 3) & 0xfff);
  }
  return streams;
}

function uint16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}
