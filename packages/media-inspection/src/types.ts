/** One track as an init segment (moov) declares it. */
export interface InitTrack {
  readonly id: number;
  readonly type: "video" | "audio" | "text" | "other";
  /** Units per second of the track's times. */
  readonly timescale: number;
  /** Sample entry as in RFC 6381 (`avc1.64001f`, `mp4a.40.2`), or its four letters where we know no more. */
  readonly codec: string;
  /** `trex` default, in timescale units; 0 if none. */
  readonly defaultSampleDuration: number;
  readonly width?: number;
  readonly height?: number;
}

export interface InitReport {
  readonly tracks: readonly InitTrack[];
}

/** One track's part of a segment, in its own timescale, as the fragments tell it. */
export interface TrackFragment {
  readonly trackId: number;
  /** `tfdt` of the first fragment. */
  readonly decodeTime?: number;
  readonly samples: number;
  /** Sum of the durations given explicitly (trun or tfhd). */
  readonly durationTicks: number;
  /** Samples whose duration only the init's `trex` tells. */
  readonly samplesOfDefaultDuration: number;
}

export type Container = "fmp4" | "ts" | "aac" | "vtt" | "unknown";

/** Times of a container that needs no init, in 90 kHz (TS) or sample-rate (AAC) units. */
export interface StreamTimes {
  readonly timescale: number;
  /** Media time of the first sample: DTS, where there is none PTS. It wraps at 33 bits of 90 kHz. */
  readonly decodeTime?: number;
  readonly durationTicks: number;
  readonly samples: number;
  readonly video: boolean;
}

/** What an object says of itself, without its init. */
export type ObjectReport =
  | { readonly kind: "init"; readonly init: InitReport }
  | {
      readonly kind: "segment";
      readonly container: Container;
      /** fMP4 only. */
      readonly tracks: readonly TrackFragment[];
      /** fMP4 only: the segment's own moov, where it carries one. */
      readonly init?: InitReport;
      /** TS, AAC; absent where the bytes do not tell. */
      readonly times?: StreamTimes;
      /** Brands of `styp`: `slat` marks filler, `lmsg` the last segment. */
      readonly brands: readonly string[];
      /** RFC 6381 codecs where the container itself tells (TS, AAC). */
      readonly codecs: readonly string[];
      readonly defects: readonly Defect[];
    };

/** Worst first, as the contract orders them; those with a value read `jump;ms=120`. */
export type Defect = string;

/** A segment's report made whole with its init: what the rest of Headwater works with. */
export interface SegmentReport {
  readonly container: Container;
  /** Of the video track, else of the first. Absent where the bytes do not tell (VTT, unparseable). */
  readonly duration?: { readonly ticks: number; readonly timescale: number };
  /** Media time of the first sample, ms. */
  readonly decodeTimeMs?: number;
  readonly samples?: number;
  /** Whether the duration is a video track's. */
  readonly video: boolean;
  readonly last: boolean;
  readonly defects: readonly Defect[];
}
