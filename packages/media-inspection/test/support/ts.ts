import { concat, hex } from "./bytes.ts";
import { u16 } from "./fmp4.ts";

/** One packet, stuffed by its adaptation field. At most 184 bytes of payload. */
function packet(pid: number, payload: Uint8Array, unitStart: boolean): Uint8Array {
  const head = concat(hex("47"), u16((unitStart ? 0x4000 : 0) | pid));
  const stuffing = 184 - payload.length;
  if (stuffing === 0) return concat(head, hex("10"), payload);
  const field = new Uint8Array(stuffing).fill(0xff);
  field[0] = stuffing - 1;
  if (stuffing > 1) field[1] = 0;
  return concat(head, hex("30"), field, payload);
}

/** As many packets as the unit needs; `perPacket` bytes of it in each. */
export function packets(pid: number, unit: Uint8Array, perPacket = 184): Uint8Array {
  const list: Uint8Array[] = [];
  for (let at = 0; at < unit.length; at += perPacket)
    list.push(packet(pid, unit.subarray(at, at + perPacket), at === 0));
  return concat(...list);
}

function section(tableId: string, body: Uint8Array): Uint8Array {
  return concat(hex("00"), hex(tableId), u16(0xb000 | (body.length + 4)), body, hex("00000000"));
}

const PMT_PID = 0x1000;

/** PAT and PMT that list the streams as [type, PID]. */
export function programTables(...streams: readonly (readonly [number, number])[]): Uint8Array {
  const pat = section("00", concat(hex("0001 c1 00 00 0000 e010 0001"), u16(0xe000 | PMT_PID)));
  const listed = streams.map(([type, pid]) => concat(Uint8Array.of(type), u16(0xe000 | pid), hex("f003 0a0100")));
  const pmt = section("02", concat(hex("0001 c1 00 00 e100 f002 0900"), ...listed));
  return concat(packets(0, pat), packets(PMT_PID, pmt));
}

function timestamp(mark: number, value: number): Uint8Array {
  const ticks = BigInt(value) & 0x1ffffffffn;
  const coded =
    (BigInt(mark) << 36n) |
    ((ticks >> 30n) << 33n) |
    (1n << 32n) |
    (((ticks >> 15n) & 0x7fffn) << 17n) |
    (1n << 16n) |
    ((ticks & 0x7fffn) << 1n) |
    1n;
  return hex(coded.toString(16).padStart(10, "0"));
}

export function pes(payload: Uint8Array, pts: number, dts?: number): Uint8Array {
  const stamps = dts === undefined ? timestamp(2, pts) : concat(timestamp(3, pts), timestamp(1, dts));
  const flags = dts === undefined ? 0x80 : 0xc0;
  return concat(hex("000001 e0 0000 80"), Uint8Array.of(flags, stamps.length), stamps, payload);
}

/** Access unit delimiter, SPS of High 3.1, one slice. */
export const AVC_PICTURE = hex("00000001 09 f0 00000001 67 64001f ac d9 000001 65 88 84");
/** VPS id byte and profile_tier_level of Main 3.1 with emulation prevention. */
export const HEVC_PICTURE = hex("00000001 42 01 01 01600000030090000003000003005d 000001 26 01");

/** An ADTS frame of AAC-LC, 48 kHz, `length` bytes in all. */
export function adtsFrame(length = 100): Uint8Array {
  const frame = new Uint8Array(length);
  frame.set([0xff, 0xf1, 0x4c, 0x80 | (length >> 11), (length >> 3) & 0xff, ((length & 7) << 5) | 0x1f, 0xfc]);
  return frame;
}
