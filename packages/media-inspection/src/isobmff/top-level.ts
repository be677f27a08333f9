import { fourLetters, uint64, viewOf } from "./box.ts";

/** A box that is read must fit in here whole; a larger one is given up as malformed. */
export const MAX_BOX_BYTES = 1024 * 1024;

/** Far more than a frame each; bounds the time that a body of nothing but headers takes. */
const MAX_BOXES = 65_536;

const MAX_HEADER_BYTES = 16;

export interface BoxHandler {
  /** A box begins; true if its body is wanted. */
  begin(type: string): boolean;
  /** The body of a wanted box, valid during the call only. May throw: the stream is then malformed. */
  body(type: string, body: DataView): void;
}

export interface BoxStream {
  push(bytes: Uint8Array): void;
  /** False once something was malformed, and while the stream ends inside a box. */
  whole(): boolean;
}

/** Walks the top-level boxes of a stream; buffers headers and wanted bodies, skips the rest. */
export function createBoxStream(handler: BoxHandler): BoxStream {
  const header = new Uint8Array(MAX_HEADER_BYTES);
  const headerView = viewOf(header);
  let headerBytes = 0;
  let boxes = 0;
  let type = "";
  /** Bytes of the current body still to come. */
  let missing = 0;
  let wanted: Uint8Array | undefined;
  let malformed = false;

  /** Reads the header when it is complete. */
  const beginBox = (): void => {
    if (headerBytes < 8) return;
    const small = headerView.getUint32(0);
    const headerSize = small === 1 ? 16 : 8;
    if (headerBytes < headerSize) return;
    const size = small === 1 ? uint64(headerView, 8) : small;
    // Size 0, "to the end of the file", has no place in what is sent piece by piece.
    if (size < headerSize || ++boxes > MAX_BOXES) throw new RangeError("box size");
    type = fourLetters(header, 4);
    missing = size - headerSize;
    headerBytes = 0;
    if (handler.begin(type)) {
      if (missing > MAX_BOX_BYTES) throw new RangeError("box too large");
      if (missing === 0) handler.body(type, new DataView(new ArrayBuffer(0)));
      else wanted = new Uint8Array(missing);
    }
  };

  const takeBody = (bytes: Uint8Array, at: number): number => {
    const part = bytes.subarray(at, at + missing);
    wanted?.set(part, wanted.length - missing);
    missing -= part.length;
    if (missing === 0 && wanted !== undefined) {
      const body = viewOf(wanted);
      wanted = undefined;
      handler.body(type, body);
    }
    return part.length;
  };

  return {
    push(bytes) {
      try {
        for (let at = 0; at < bytes.length && !malformed; ) {
          if (missing > 0) at += takeBody(bytes, at);
          else {
            header[headerBytes++] = bytes[at++]!;
            beginBox();
          }
        }
      } catch {
        malformed = true;
        wanted = undefined;
      }
    },
    whole: () => !malformed && headerBytes === 0 && missing === 0,
  };
}
