import { type MasterPlaylist, type MediaRendition, masterPlaylist, type Variant } from "@headwater/playlists";
import type { EventView } from "../catalog/index.ts";
import type { ListingRecord } from "../model/index.ts";

/** Claimed for a rendition of which nothing is known yet. */
const UNKNOWN_BANDWIDTH = 2_000_000;

/**
 * The multivariant playlist of an event: what the encoder's own says, and for renditions that it does not name (or when
 * there is none) what their inits and segments tell. Renditions appear once something has been published for them.
 * @param query handed on to the media playlists, without the question mark
 */
export function multivariantPlaylist(view: EventView, query?: string): string {
  const renditions = view.shape.all("stream").map((stream) => stream.rendition);
  const listings = renditions.map((rendition) => listingOf(view, rendition));
  const groups = new Set(listings.map((listing) => listing.groupId));
  const variants = listings
    .filter((listing) => listing.kind === "variant")
    .map((listing) => variantOf(view, listing, groups));
  const media = listings.filter((listing) => listing.kind !== "variant").map(mediaRenditionOf);
  const playlist: Omit<MasterPlaylist, "kind"> = { variants, renditions: media };
  return masterPlaylist(playlist, query === undefined ? {} : { query });
}

/** The listing of the first pipeline in the event's order that has one. */
function listingOf(view: EventView, rendition: string): ListingRecord {
  const order = view.event.pipelines.map((pipeline) => pipeline.id);
  const all = view.shape.all("listing").filter((listing) => listing.rendition === rendition);
  const [first] = all.sort((a, b) => order.indexOf(a.pipeline) - order.indexOf(b.pipeline));
  return first ?? { rendition, pipeline: order[0] ?? "", kind: "variant" };
}

function variantOf(view: EventView, listing: ListingRecord, groups: ReadonlySet<string | undefined>): Variant {
  const { rendition, resolution, frameRate, audioGroup, subtitlesGroup } = listing;
  const tracks = view.shape.newestInit(rendition)?.report.tracks ?? [];
  const video = tracks.find((track) => track.type === "video");
  const codecs = listing.codecs ?? codecsOf(view, rendition);
  const size = resolution ?? (video?.width && video.height ? { width: video.width, height: video.height } : undefined);
  return {
    uri: playlistUri(rendition),
    bandwidth: listing.bandwidth ?? measuredBandwidth(view, rendition) ?? UNKNOWN_BANDWIDTH,
    ...(listing.averageBandwidth !== undefined && { averageBandwidth: listing.averageBandwidth }),
    ...(codecs !== "" && { codecs }),
    ...(size !== undefined && { resolution: size }),
    ...(frameRate !== undefined && { frameRate }),
    ...(groups.has(audioGroup) && audioGroup !== undefined && { audioGroup }),
    ...(groups.has(subtitlesGroup) && subtitlesGroup !== undefined && { subtitlesGroup }),
  };
}

function mediaRenditionOf(listing: ListingRecord): MediaRendition {
  const { rendition, kind, groupId, name, language, channels } = listing;
  return {
    type: kind === "audio" ? "AUDIO" : "SUBTITLES",
    groupId: groupId ?? kind,
    name: name ?? rendition,
    default: listing.isDefault ?? false,
    autoselect: listing.autoselect ?? false,
    forced: listing.forced ?? false,
    ...(language !== undefined && { language }),
    ...(channels !== undefined && { channels }),
    uri: playlistUri(rendition),
  };
}

function codecsOf(view: EventView, rendition: string): string {
  const tracks = view.shape.newestInit(rendition)?.report.tracks;
  const codecs = tracks?.map((track) => track.codec) ?? view.shape.stream(rendition)?.codecs ?? [];
  return [...new Set(codecs)].join(",");
}

/** Peak bits per second over the newest segments. */
function measuredBandwidth(view: EventView, rendition: string): number | undefined {
  const tail = view.tail(rendition);
  let peak = 0;
  for (let number = tail.lowest; number <= (tail.highest ?? -1); number += 1) {
    for (const { ref, durationMs } of tail.candidates(number))
      peak = Math.max(peak, (8000 * ref.sizeBytes) / durationMs);
  }
  return peak === 0 ? undefined : Math.ceil(peak);
}

const playlistUri = (rendition: string): string => `${rendition}/index.m3u8`;
