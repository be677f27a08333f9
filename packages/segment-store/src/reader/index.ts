export type { ListSlice } from "./media-list.ts";
export { multivariantPlaylist } from "./multivariant.ts";
export { type Asker, backgroundRows, liveEdgeRows, openGate, type ReadGate, ReadRefused } from "./read-gate.ts";
export { type ListRange, type Look, type MediaPlaylist, RenditionReader } from "./rendition-reader.ts";
export { SegmentReader, type SegmentReaderOptions } from "./segment-reader.ts";
export type { OpenedObject, Tier } from "./tiers.ts";
