import { createAdtsFrames, SAMPLES_PER_FRAME } from "../adts/frames.ts";
import { avcCodec, hevcCodec } from "../codec.ts";
import type { StreamTimes } from "../types.ts";
import { avcProfileOf, hevcProfileOf } from "./parameter-sets.ts";
import { createPesReader } from "./pes.ts";
import { createTimestampSpan } from "./timestamp-span.ts";

const TIMESCALE = 90000;
/** Access unit delimiter and parameter sets stand at the very beginning of a segment's first picture. */
const MAX_PARAMETER_SET_BYTES = 4096;

const AVC = 0x1b;
const HEVC = 0x24;
const ADTS = 0x0f;
const AC3 = 0x81;
const EAC3 = 0x87;
const VIDEO = new Set([0x01, 0x02, 0x10, AVC, HEVC, 0x33]);
const AUDIO = new Set([0x03, 0x04, ADTS, 0x11, AC3, EAC3]);

/** One audio or video stream of a segment. */
export interface ElementaryStream {
  readonly kind: "video" | "audio";
  readonly samples: number;
  payload(bytes: Uint8Array, unitStart: boolean): void;
  /** Undefined while nothing, or a single picture, came. */
  times(): StreamTimes | undefined;
  /** RFC 6381; undefined where the bytes do not tell. */
  codec(): string | undefined;
}

/** A reader for streams of that type (ISO/IEC 13818-1 table 2-34), or undefined if it is neither audio nor video. */
export function createElementaryStream(streamType: number): ElementaryStream | undefined {
  if (VIDEO.has(streamType)) return createVideoStream(streamType);
  if (streamType === ADTS) return createAacStream();
  if (!AUDIO.has(streamType)) return undefined;
  const codec = streamType === AC3 ? "ac-3" : streamType === EAC3 ? "ec-3" : undefined;
  return createTimedStream("audio", { payload() {}, codec: () => codec, durationTicks: () => undefined });
}

function createVideoStream(streamType: number): ElementaryStream {
  const head = new Uint8Array(MAX_PARAMETER_SET_BYTES);
  let headBytes = 0;
  return createTimedStream("video", {
    payload(bytes) {
      if (headBytes === MAX_PARAMETER_SET_BYTES) return;
      const part = bytes.subarray(0, MAX_PARAMETER_SET_BYTES - headBytes);
      head.set(part, headBytes);
      headBytes += part.length;
    },
    codec() {
      const known = head.subarray(0, headBytes);
      if (streamType === AVC) {
        const profile = avcProfileOf(known);
        return profile && avcCodec("avc1", ...profile);
      }
      const profile = streamType === HEVC ? hevcProfileOf(known) : undefined;
      return profile && hevcCodec("hvc1", profile);
    },
    durationTicks: () => undefined,
  });
}

function createAacStream(): ElementaryStream {
  const adts = createAdtsFrames();
  return createTimedStream("audio", {
    payload: adts.push,
    codec: () => adts.codec,
    // PES packets of audio hold several frames: counting those is exact, where all of them are whole.
    durationTicks: () =>
      adts.sampleRate !== undefined && adts.whole()
        ? { ticks: Math.round((adts.frames * SAMPLES_PER_FRAME * TIMESCALE) / adts.sampleRate), samples: adts.frames }
        : undefined,
  });
}

interface Content {
  payload(bytes: Uint8Array): void;
  codec(): string | undefined;
  /** Where the content tells it better than the timestamps. */
  durationTicks(): { readonly ticks: number; readonly samples: number } | undefined;
}

function createTimedStream(kind: "video" | "audio", content: Content): ElementaryStream {
  const span = createTimestampSpan();
  const pes = createPesReader({ timestamps: span.add, payload: content.payload });
  return {
    kind,
    get samples() {
      return span.count;
    },
    payload: pes,
    times() {
      if (span.first === undefined) return undefined;
      const counted = content.durationTicks();
      const durationTicks = counted?.ticks ?? span.durationTicks();
      if (durationTicks === undefined) return undefined;
      const samples = counted?.samples ?? span.count;
      return { timescale: TIMESCALE, decodeTime: span.first, durationTicks, samples, video: kind === "video" };
    },
    codec: content.codec,
  };
}
