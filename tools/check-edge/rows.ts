/**
 * What Headwater promises that an edge in front of it has to keep (interface §4). The event is thrown away afterwards:
 * its numbers follow the clock, a segment lasts 1 s, and is due 0.5 s after its end; what has not come 2 s later is
 * given up. f is the first number that is published; f + 4 comes late, f + 6 never, all others on time.
 *
 * An edge may keep an answer for 1 s longer than it says, since caches count whole seconds, and 0.3 s for the way.
 */
export interface Row {
  readonly about: "404" | "hold" | "lifetime" | "purge by version";
  readonly promise: string;
  readonly given: string;
  readonly request: string;
  readonly expected: string;
}

export const ROWS = {
  "early-404": {
    about: "404",
    promise: "a 404 is gone when its time is over",
    given: "f + 8 is several seconds away, and published at its time",
    request: "f + 8 at once, and again when the 404's time is over",
    expected: "404, then 200 with the bytes that were published",
  },
  "early-404-kept": {
    about: "404",
    promise: "a 404 is kept for its time, so that a storm stays at the edge",
    given: "f + 9 is several seconds away",
    request: "f + 9, and again 1.2 s later",
    expected: "404 twice, the second one from the edge's cache",
  },
  "hole-404": {
    about: "404",
    promise: "a number that comes late is served once its 404 is over",
    given: "f + 4 is missing, and f + 5 is there",
    request: "f + 4; then it is published; then again and again",
    expected: "404 for 1 s, then 200, within 2.3 s of the publish",
  },
  "gone-410": {
    about: "404",
    promise: "a number that never came is a 410, and is kept",
    given: "f + 6 was never published, and its deadline has passed",
    request: "f + 6, and again 1.2 s later",
    expected: "410 twice, the second one from the edge's cache",
  },
  "next-held": {
    about: "hold",
    promise: "the next number is held, and filled through the edge",
    given: "f + 1 has just been published",
    request: "f + 2, before it is published",
    expected: "200 with its bytes, after its publish and within 0.5 s of it",
  },
  collapsed: {
    about: "hold",
    promise: "20 viewers who wait for a number are one request to the origin",
    given: "f + 2 has just been published",
    request: "f + 3, 20 times at once, before it is published",
    expected: "200 for all, at most one of them not from the edge's cache",
  },
  "segment-kept": {
    about: "lifetime",
    promise: "a segment is kept",
    given: "f is published",
    request: "f, and again 1.2 s later",
    expected: "200 twice, the second one from the edge's cache",
  },
  "not-split": {
    about: "lifetime",
    promise: "query strings and cookies that nobody named make no second copy",
    given: "f has just been asked for",
    request: "f with `?session=…`, a Cookie, and both",
    expected: "200 with the same bytes, all from the edge's cache",
  },
  ranges: {
    about: "lifetime",
    promise: "a part of a segment is that part of it",
    given: "f is published",
    request: "its bytes 100 to 199, and its last 10",
    expected: "206 with those bytes",
  },
  "playlist-on-time": {
    about: "lifetime",
    promise: "a playlist lists a number within 2.3 s of its publish",
    given: "f + 2 and f + 3 are published at their time",
    request: "the media playlist, ten times a second",
    expected: "200, listing the number when the 1 s of the answer before is over, at the latest",
  },
  "playlist-503": {
    about: "lifetime",
    promise: "a 503 is gone after its second",
    given: "a rendition of which only f has come",
    request: "its playlist with `_HLS_msn=f+1`; f + 1 is published when the 503 has come; then again and again",
    expected: "503 for 1 s, then 200, within 2.3 s of the publish",
  },
  headers: {
    about: "lifetime",
    promise: "status, type, ETag and CORS reach viewers",
    given: "f is published, and f - 1000 is before the event's first number",
    request: "f and f - 1000",
    expected: "200 and 404, each with Access-Control-Allow-Origin; video/mp4 and an ETag with the 200",
  },
  "next-version": {
    about: "purge by version",
    promise: "the next version turns every URL over",
    given: "f was asked for as version 2 while version 1 was the newest (404, 1 s); then comes version 2",
    request: "f as version 2, and the media playlist, again and again",
    expected: "within 3.3 s (origins know the version within 1 s) 200 with the bytes of f, and a playlist of its URLs",
  },
} satisfies Readonly<Record<string, Row>>;

export type RowId = keyof typeof ROWS;
