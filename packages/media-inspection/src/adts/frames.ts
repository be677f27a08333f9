const ADTS_HEADER_BYTES = 7;
const ID3_HEADER_BYTES = 10;
/** The timestamp is the first thing in its tag; covers and the like behind it are skipped. */
const MAX_ID3_BYTES = 4096;

const SAMPLE_RATES = [96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350];
export const SAMPLES_PER_FRAME = 1024;

export interface AdtsFrames {
  push(bytes: Uint8Array): void;
  /** False once sync was lost, and while the bytes end inside a frame. */
  whole(): boolean;
  readonly frames: number;
  /** Of the first frame; undefined before it. */
  readonly sampleRate: number | undefined;
  /** `mp4a.40.2`, by the first frame's profile. */
  readonly codec: string | undefined;
}

/**
 * Walks the frames of an ADTS stream (ISO/IEC 13818-7 6.2), however it is cut, by their headers alone.
 * `onId3`: the beginning of an ID3 tag found between frames, valid during the call only.
 */
export function createAdtsFrames(onId3?: (tag: Uint8Array) => void): AdtsFrames {
  const header = new Uint8Array(ID3_HEADER_BYTES);
  let headerBytes = 0;
  let missing = 0;
  let tag: Uint8Array | undefined;
  let tagBytes = 0;
  let lost = false;
  let frames = 0;
  let sampleRate: number | undefined;
  let codec: string | undefined;

  const beginFrame = (): void => {
    const sampleRateOfFrame = SAMPLE_RATES[(header[2]! >> 2) & 0xf];
    const length = ((header[3]! & 0x3) << 11) | (header[4]! << 3) | (header[5]! >> 5);
    if (sampleRateOfFrame === undefined || length < ADTS_HEADER_BYTES) {
      lost = true;
      return;
    }
    sampleRate ??= sampleRateOfFrame;
    codec ??= `mp4a.40.${(header[2]! >> 6) + 1}`;
    frames += (header[6]! & 0x3) + 1;
    missing = length - ADTS_HEADER_BYTES;
  };

  const beginTag = (): void => {
    const size = header.subarray(6, 10).reduce((sum, byte) => sum * 128 + (byte & 0x7f), 0);
    missing = size;
    tag = new Uint8Array(ID3_HEADER_BYTES + Math.min(size, MAX_ID3_BYTES));
    tag.set(header);
    tagBytes = ID3_HEADER_BYTES;
    endTag();
  };

  const endTag = (): void => {
    if (tag === undefined || tagBytes < tag.length) return;
    onId3?.(tag);
    tag = undefined;
  };

  const takeHeader = (byte: number): void => {
    header[headerBytes++] = byte;
    const isTag = startsAs(header, headerBytes, [0x49, 0x44, 0x33], [0xff, 0xff, 0xff]);
    const isFrame = startsAs(header, headerBytes, [0xff, 0xf0], [0xff, 0xf6]);
    if (!isFrame && !(isTag && onId3)) lost = true;
    else if (headerBytes === (isTag ? ID3_HEADER_BYTES : ADTS_HEADER_BYTES)) {
      headerBytes = 0;
      if (isTag) beginTag();
      else beginFrame();
    }
  };

  const takeBody = (bytes: Uint8Array): number => {
    const part = bytes.subarray(0, missing);
    missing -= part.length;
    if (tag !== undefined) {
      const kept = part.subarray(0, tag.length - tagBytes);
      tag.set(kept, tagBytes);
      tagBytes += kept.length;
      endTag();
    }
    return part.length;
  };

  return {
    push(bytes) {
      for (let at = 0; at < bytes.length && !lost; ) {
        if (missing > 0) at += takeBody(bytes.subarray(at));
        else takeHeader(bytes[at++]!);
      }
    },
    whole: () => !lost && headerBytes === 0 && missing === 0,
    get frames() {
      return frames;
    },
    get sampleRate() {
      return sampleRate;
    },
    get codec() {
      return codec;
    },
  };
}

/** Whether the bytes so far can be the beginning of `pattern`, as far as `mask` looks. */
function startsAs(bytes: Uint8Array, length: number, pattern: readonly number[], mask: readonly number[]): boolean {
  return pattern.every((byte, at) => at >= length || (bytes[at]! & mask[at]!) === byte);
}
