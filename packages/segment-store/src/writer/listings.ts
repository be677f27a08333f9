import { nextToken } from "@headwater/kv";
import { type MasterPlaylist, resolveObjectName } from "@headwater/playlists";
import type { EventView } from "../catalog/index.ts";
import type { Committer } from "../committer.ts";
import { type ListingRecord, type PipelineRecord, shapeRow } from "../model/index.ts";

/**
 * Keeps what an encoder's multivariant playlist says of its renditions. Rejects with KvError.
 * @param path the playlist's own name inside the pipeline
 * @param renditionOf the rendition of a media playlist by its name inside the pipeline
 */
export async function applyMasterPlaylist(
  committer: Committer,
  view: EventView,
  pipeline: PipelineRecord,
  path: string,
  master: MasterPlaylist,
  renditionOf: (name: string) => string | undefined,
  nowMs: number,
): Promise<void> {
  await view.ensureShape(nowMs);
  const named = (uri: string | undefined) => {
    const name = uri === undefined ? undefined : resolveObjectName(path, uri);
    return name === undefined ? undefined : renditionOf(name);
  };
  for (const listing of listingsOf(master, pipeline.id, named)) {
    const known = view.shape
      .all("listing")
      .find((l) => l.rendition === listing.rendition && l.pipeline === pipeline.id);
    if (JSON.stringify(known) === JSON.stringify(listing)) continue;
    const tokenUs = nextToken(nowMs, view.shape.tokenUs("listing", listing));
    await committer.put("control", shapeRow(view.uid, "listing", listing, tokenUs));
  }
}

/** One listing a rendition: of several variants with one playlist (other audio groups), the first counts. */
function listingsOf(
  master: MasterPlaylist,
  pipeline: string,
  named: (uri: string | undefined) => string | undefined,
): ListingRecord[] {
  const listings = new Map<string, ListingRecord>();
  for (const { uri, ...attributes } of master.variants) {
    const rendition = named(uri);
    if (rendition === undefined || listings.has(rendition)) continue;
    listings.set(rendition, { rendition, pipeline, kind: "variant", ...attributes });
  }
  for (const { type, uri, default: isDefault, ...attributes } of master.renditions) {
    const rendition = named(uri);
    if (rendition === undefined || listings.has(rendition)) continue;
    if (type === "AUDIO") listings.set(rendition, { rendition, pipeline, kind: "audio", isDefault, ...attributes });
    if (type === "SUBTITLES")
      listings.set(rendition, { rendition, pipeline, kind: "subtitles", isDefault, ...attributes });
  }
  return [...listings.values()];
}
