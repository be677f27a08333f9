import { parse, setOptions, type types } from "hls-parser";
import { cleanLines, decodePlaylist, restore } from "./clean-lines.ts";
import { PlaylistError } from "./playlist-error.ts";
import type { ListedSegment, MasterPlaylist, MediaPlaylist, MediaRendition, Playlist, Variant } from "./types.ts";

// Else it writes every fault it forgives to the console.
setOptions({ silent: true });

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * Reads an encoder's playlist (RFC 8216). Partial segments, keys, date ranges and cues are passed over.
 * @throws {PlaylistError} and nothing else, whatever the bytes
 */
export function readPlaylist(bytes: string | Buffer): Playlist {
  const { kind, text } = cleanLines(decodePlaylist(bytes));
  try {
    const list = parse(text);
    return kind === "master" ? master(list as types.MasterPlaylist) : media(list as types.MediaPlaylist);
  } catch (error) {
    if (error instanceof PlaylistError) throw error;
    throw new PlaylistError("malformed", "The playlist breaks the rules of RFC 8216.");
  }
}

function media(list: types.MediaPlaylist): MediaPlaylist {
  if (list.targetDuration === undefined) throw new PlaylistError("malformed", "EXT-X-TARGETDURATION is missing.");
  // Tags after the last URI make hls-parser add a segment without one.
  const segments = list.segments.filter(({ uri }) => uri !== "").map(segment);
  return {
    kind: "media",
    targetDurationSec: list.targetDuration,
    mediaSequence: list.mediaSequenceBase ?? 0,
    discontinuitySequence: list.discontinuitySequenceBase ?? 0,
    endlist: list.endlist,
    ...(list.playlistType && { type: list.playlistType }),
    iFramesOnly: list.isIFrame ?? false,
    segments,
  };
}

function segment(of: types.Segment): ListedSegment {
  if (of.byterange && of.byterange.offset < 0) {
    throw new PlaylistError(
      "malformed",
      "EXT-X-BYTERANGE has no offset, and the segment before is no part of that object.",
    );
  }
  const listed: Writable<ListedSegment> = {
    uri: restore(of.uri),
    durationSec: of.duration,
    mediaSequence: of.mediaSequenceNumber,
    discontinuity: of.discontinuity ?? false,
    gap: of.gap ?? false,
  };
  const dateMs = of.programDateTime?.getTime();
  if (dateMs !== undefined && Number.isFinite(dateMs)) listed.programDateTimeMs = dateMs;
  if (of.map) listed.mapUri = restore(of.map.uri);
  if (of.byterange) listed.byterange = { offset: of.byterange.offset, length: of.byterange.length };
  return listed;
}

function master(list: types.MasterPlaylist): MasterPlaylist {
  const renditions = new Map<string, MediaRendition>();
  for (const variant of list.variants) {
    for (const one of [...variant.audio, ...variant.video, ...variant.subtitles, ...variant.closedCaptions]) {
      const key = `${one.type} ${one.groupId}\n${one.name}`;
      if (!renditions.has(key)) renditions.set(key, rendition(one));
    }
  }
  return { kind: "master", variants: list.variants.map(variant), renditions: [...renditions.values()] };
}

function variant(of: types.Variant): Variant {
  if (typeof of.uri !== "string")
    throw new PlaylistError("malformed", "EXT-X-STREAM-INF must stand right before its URI.");
  if (!positive(of.bandwidth)) throw new PlaylistError("malformed", "EXT-X-STREAM-INF has no BANDWIDTH.");
  const { resolution } = of;
  const audioGroup = of.audio[0]?.groupId;
  const subtitlesGroup = of.subtitles[0]?.groupId;
  return {
    uri: restore(of.uri),
    bandwidth: of.bandwidth,
    ...(positive(of.averageBandwidth) && { averageBandwidth: of.averageBandwidth }),
    ...(of.codecs && { codecs: restore(of.codecs) }),
    ...(resolution && positive(resolution.width) && positive(resolution.height) && { resolution }),
    ...(positive(of.frameRate) && { frameRate: of.frameRate }),
    ...(audioGroup && { audioGroup: restore(audioGroup) }),
    ...(subtitlesGroup && { subtitlesGroup: restore(subtitlesGroup) }),
  };
}

function positive(value: number | undefined): value is number {
  return value !== undefined && Number.isFinite(value) && value > 0;
}

function rendition(of: types.Rendition): MediaRendition {
  return {
    type: of.type,
    groupId: restore(of.groupId),
    name: restore(of.name ?? ""),
    ...(of.language && { language: restore(of.language) }),
    default: of.isDefault ?? false,
    autoselect: of.autoselect ?? false,
    forced: of.forced ?? false,
    ...(of.channels && { channels: restore(of.channels) }),
    ...(of.uri && { uri: restore(of.uri) }),
  };
}
