/** A segment as an encoder's media playlist lists it. */
export interface ListedSegment {
  readonly uri: string;
  readonly durationSec: number;
  readonly mediaSequence: number;
  /** An EXT-X-DISCONTINUITY stands before it. */
  readonly discontinuity: boolean;
  readonly programDateTimeMs?: number;
  readonly gap: boolean;
  /** The init segment that applies to it (EXT-X-MAP). */
  readonly mapUri?: string;
  readonly byterange?: { readonly offset: number; readonly length: number };
}

export interface MediaPlaylist {
  readonly kind: "media";
  readonly targetDurationSec: number;
  /** Number of the first segment. */
  readonly mediaSequence: number;
  readonly discontinuitySequence: number;
  readonly endlist: boolean;
  readonly type?: "EVENT" | "VOD";
  readonly iFramesOnly: boolean;
  readonly segments: readonly ListedSegment[];
}

export interface Variant {
  readonly uri: string;
  /** Peak, bits per second. */
  readonly bandwidth: number;
  readonly averageBandwidth?: number;
  readonly codecs?: string;
  readonly resolution?: { readonly width: number; readonly height: number };
  readonly frameRate?: number;
  /** `groupId` of the audio renditions that go with it. */
  readonly audioGroup?: string;
  readonly subtitlesGroup?: string;
}

export interface MediaRendition {
  readonly type: "AUDIO" | "VIDEO" | "SUBTITLES" | "CLOSED-CAPTIONS";
  readonly groupId: string;
  readonly name: string;
  readonly language?: string;
  readonly default: boolean;
  readonly autoselect: boolean;
  readonly forced: boolean;
  readonly channels?: string;
  readonly uri?: string;
}

export interface MasterPlaylist {
  readonly kind: "master";
  readonly variants: readonly Variant[];
  /** Those that a variant names as its group. */
  readonly renditions: readonly MediaRendition[];
}

export type Playlist = MediaPlaylist | MasterPlaylist;
