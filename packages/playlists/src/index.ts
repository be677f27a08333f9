export { masterPlaylist } from "./master-playlist.ts";
export { MediaLines, type SliceOptions, type WrittenSegment } from "./media-lines.ts";
export { resolveObjectName } from "./object-name.ts";
export { PlaylistError, type PlaylistErrorCode } from "./playlist-error.ts";
export { readPlaylist } from "./read-playlist.ts";
export { renderSegment, type SegmentLine } from "./render-segment.ts";
export type { ListedSegment, MasterPlaylist, MediaPlaylist, MediaRendition, Playlist, Variant } from "./types.ts";
