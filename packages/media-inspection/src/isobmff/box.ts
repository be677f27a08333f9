/** Boxes of ISO/IEC 14496-12. Reading past the end of anything throws RangeError; the scanner catches it. */
export interface Box {
  readonly type: string;
  /** All after size and type, a view of its own. */
  readonly body: DataView;
}

/** Far more than any real box has; bounds the time that a box of nothing but headers takes. */
const MAX_CHILDREN = 4096;

/** The boxes that fill `parent` from `offset` to its end. */
export function* childBoxes(parent: DataView, offset = 0): Generator<Box> {
  let at = offset;
  let count = 0;
  while (at < parent.byteLength) {
    const size = parent.getUint32(at);
    if (size < 8 || at + size > parent.byteLength || ++count > MAX_CHILDREN) throw new RangeError("box size");
    yield {
      type: fourLettersAt(parent, at + 4),
      body: new DataView(parent.buffer, parent.byteOffset + at + 8, size - 8),
    };
    at += size;
  }
}

/** The first child of that type, or undefined. */
export function findBox(parent: DataView, type: string, offset = 0): DataView | undefined {
  for (const box of childBoxes(parent, offset)) if (box.type === type) return box.body;
  return undefined;
}

/** As `findBox`, for a box that must be there. */
export function needBox(parent: DataView, type: string): DataView {
  const body = findBox(parent, type);
  if (body === undefined) throw new RangeError(`no ${type}`);
  return body;
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function fourLetters(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(bytes[at]!, bytes[at + 1]!, bytes[at + 2]!, bytes[at + 3]!);
}

export function fourLettersAt(view: DataView, at: number): string {
  const code = view.getUint32(at);
  return String.fromCharCode(code >>> 24, (code >>> 16) & 0xff, (code >>> 8) & 0xff, code & 0xff);
}

/** 64 bits as a number: exact up to 2^53, beyond that the nearest. */
export function uint64(view: DataView, at: number): number {
  return view.getUint32(at) * 2 ** 32 + view.getUint32(at + 4);
}
