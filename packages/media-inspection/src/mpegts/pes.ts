/** Up to the last byte of a DTS. */
const HEAD_BYTES = 19;
const FIXED_BYTES = 9;

export interface PesHandler {
  /** A packet begins; 90 kHz, 33 bits. `dts` only where it differs from `pts`. */
  timestamps(pts: number, dts: number | undefined): void;
  /** Part of a packet's payload, valid during the call only. */
  payload(bytes: Uint8Array): void;
}

/** Reads the PES packets of one PID (ISO/IEC 13818-1 2.4.3.6), however TS packets cut them. */
export function createPesReader(handler: PesHandler): (payload: Uint8Array, unitStart: boolean) => void {
  const head = new Uint8Array(HEAD_BYTES);
  let seen = 0;
  let headerBytes = FIXED_BYTES;
  let open = false;

  const readTimestamps = (): void => {
    const flags = head[7]! >> 6;
    if (flags < 2 || headerBytes < 14) return;
    handler.timestamps(readTimestamp(head, 9), flags === 3 && headerBytes >= 19 ? readTimestamp(head, 14) : undefined);
  };

  return (payload, unitStart) => {
    if (unitStart) {
      seen = 0;
      headerBytes = FIXED_BYTES;
      open = true;
    }
    let at = 0;
    while (open && seen < headerBytes && at < payload.length) {
      if (seen < HEAD_BYTES) head[seen] = payload[at]!;
      at++;
      seen++;
      if (seen === FIXED_BYTES) {
        open = head[0] === 0 && head[1] === 0 && head[2] === 1;
        headerBytes += head[8]!;
      }
      if (open && seen === headerBytes) readTimestamps();
    }
    if (open && at < payload.length) handler.payload(payload.subarray(at));
  };
}

function readTimestamp(bytes: Uint8Array, at: number): number {
  const high = (bytes[at]! >> 1) & 0x7;
  const middle = (bytes[at + 1]! << 7) | (bytes[at + 2]! >> 1);
  const low = (bytes[at + 3]! << 7) | (bytes[at + 4]! >> 1);
  return high * 2 ** 30 + middle * 2 ** 15 + low;
}
