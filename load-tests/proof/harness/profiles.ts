/** One way to set up ffmpeg. All send a test picture and tone with a key frame every two seconds or so. */
export interface Profile {
  readonly name: string;
  readonly container: "fmp4" | "mpegts";
  /** Options of the HLS muxer that sends, not of the copy on disk. */
  readonly wire?: Readonly<Record<string, string | number>>;
  /** Options of both. */
  readonly hls?: Readonly<Record<string, string | number>>;
  /** Where the playlist goes, below the publish URL; `%v` where there are several renditions. */
  readonly playlist: string;
  /** Segment names; ffmpeg's own where absent. */
  readonly segments?: string;
  /** How the origin calls the renditions: in the order of `heights`. */
  readonly renditions: readonly string[];
  readonly heights?: readonly number[];
  readonly frameRate?: string;
  readonly keyFrameInterval?: number;
  /** The token goes into the URL instead of a header. */
  readonly login?: boolean;
}

const THREE = {
  container: "fmp4",
  heights: [180, 144, 90],
  wire: { master_pl_name: "master.m3u8" },
  hls: { var_stream_map: "v:0,a:0 v:1,a:1 v:2,a:2" },
} as const;
const TS = { container: "mpegts", renditions: ["720p"], playlist: "720p/index.m3u8" } as const;
const FMP4 = { ...TS, container: "fmp4" } as const;

export const PROFILES: readonly Profile[] = [
  { name: "fmp4", ...FMP4, segments: "720p/%d.m4s" },
  { name: "ts", ...TS, segments: "720p/seg-%05d.ts" },
  { name: "fmp4-persistent", ...FMP4, segments: "720p/%d.m4s", wire: { http_persistent: 1 } },
  { name: "ts-persistent", ...TS, segments: "720p/seg-%05d.ts", wire: { http_persistent: 1 } },
  {
    name: "delete-segments",
    ...FMP4,
    segments: "720p/%d.m4s",
    wire: { hls_flags: "delete_segments", hls_list_size: 3 },
  },
  { name: "login-in-url", ...FMP4, segments: "720p/%d.m4s", login: true },
  {
    name: "renditions-in-folders",
    ...THREE,
    segments: "stream_%v/data%d.m4s",
    playlist: "stream_%v/index.m3u8",
    renditions: ["stream_0", "stream_1", "stream_2"],
  },
  {
    name: "renditions-flat",
    ...THREE,
    segments: "stream_%v%d.m4s",
    playlist: "stream_%v.m3u8",
    renditions: ["stream_0", "stream_1", "stream_2"],
  },
  { name: "29.97-fps", ...FMP4, segments: "720p/%d.m4s", frameRate: "30000/1001", keyFrameInterval: 60 },
  { name: "default-names", container: "mpegts", playlist: "index.m3u8", renditions: ["index"] },
  { name: "strftime-names", ...TS, segments: "720p/cam-%Y%m%d-%H%M%S.ts", hls: { strftime: 1 } },
];

export function profile(name: string): Profile {
  const found = PROFILES.find((known) => known.name === name);
  if (found === undefined) throw new Error(`there is no profile ${name}`);
  return found;
}
