import { type LiveQuery, NO_QUERY, parseLiveQuery, renderLiveQuery } from "./live-query.ts";

/** What a request target of the origin names (interface §4). */
export type LiveUrl =
  | { readonly kind: "master"; readonly event: string; readonly query: LiveQuery }
  | { readonly kind: "playlist"; readonly event: string; readonly rendition: string; readonly query: LiveQuery }
  | {
      readonly kind: "init";
      readonly event: string;
      readonly version: number;
      readonly rendition: string;
      /** Absent in `init.mp4`, the newest. */
      readonly hash?: string;
    }
  | {
      readonly kind: "segment";
      readonly event: string;
      readonly version: number;
      readonly rendition: string;
      readonly number: number;
      readonly ext: string;
    };

const MAX_PATH_CHARS = 512;
const EVENT = "([a-z0-9][a-z0-9-]{0,63})";
const RENDITION = "([A-Za-z0-9][A-Za-z0-9._-]{0,63})";
const VERSION = "(0|[1-9][0-9]{0,9})";
const NUMBER = "(0|[1-9][0-9]{0,14})";
const HASH = "([A-Za-z0-9_-]{1,64})";
const EXT = "(m4s|mp4|cmfv|cmfa|cmft|cmfm|ts|aac|vtt)";
/** No part of it can hold a slash, so there is one way to match and no going back. */
const LIVE_PATH = new RegExp(
  `^/live/${EVENT}/(?:(master\\.m3u8)|${RENDITION}/index\\.m3u8|` +
    `v${VERSION}/${RENDITION}/(?:${NUMBER}\\.${EXT}|init(?:-${HASH})?\\.mp4))$`,
);

const OUTSIDE = { kind: "outside" } as const;

/**
 * Reads a raw request target. Anything that the grammar does not allow, and so any percent sign in the path, is
 * `outside`. The query is looked at for playlists alone.
 */
export function parseLiveUrl(rawUrl: string): LiveUrl | typeof OUTSIDE {
  const mark = rawUrl.indexOf("?");
  const path = mark === -1 ? rawUrl : rawUrl.slice(0, mark);
  if (path.length > MAX_PATH_CHARS) return OUTSIDE;
  const match = LIVE_PATH.exec(path);
  if (match === null) return OUTSIDE;
  const event = match[1]!;
  const versionOf = match[4];
  if (versionOf === undefined) {
    const query = mark === -1 ? NO_QUERY : parseLiveQuery(rawUrl.slice(mark + 1));
    if (match[2] !== undefined) return { kind: "master", event, query };
    return { kind: "playlist", event, rendition: match[3]!, query };
  }
  const version = Number(versionOf);
  const rendition = match[5]!;
  const [number, ext, hash] = [match[6], match[7], match[8]];
  if (number !== undefined) return { kind: "segment", event, version, rendition, number: Number(number), ext: ext! };
  return { kind: "init", event, version, rendition, ...(hash !== undefined && { hash }) };
}

/** The URL's path and query, such that `parseLiveUrl(liveUrl(x))` is x. */
export function liveUrl(url: LiveUrl): string {
  return `/live/${url.event}/${pathInEvent(url)}`;
}

/**
 * The URL relative to the event's, which is how playlists name what they list: as it is in the multivariant playlist,
 * after `../` in a media playlist. Caches may then serve events below any path of theirs.
 */
export function pathInEvent(url: LiveUrl): string {
  switch (url.kind) {
    case "master":
      return `master.m3u8${renderLiveQuery(url.query)}`;
    case "playlist":
      return `${url.rendition}/index.m3u8${renderLiveQuery(url.query)}`;
    case "init":
      return `v${url.version}/${url.rendition}/init${url.hash === undefined ? "" : `-${url.hash}`}.mp4`;
    case "segment":
      return `v${url.version}/${url.rendition}/${url.number}.${url.ext}`;
  }
}
