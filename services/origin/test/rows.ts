/**
 * What the origin answers, row by row (interface §4). The time is 12:01:21, 81 s after number 1 of every event began;
 * a segment is 2 s long and due 0.5 s after its end, held for at most 4 s before, given up 6 s later, and leaves the
 * window 60 s after its end.
 *
 * - `derby`, one pipeline, version 2: numbers 1 to 40 of `720p` are published but for 30 and 38; 39 is defective. Its
 *   init is there. `spare` is named, and nothing is published for it.
 * - `duel`, pipelines `a` and `b`: 38 by `a`, 39 by both, first `b`; 40 by `b` alone, a moment ago.
 * - `calm` has everything from 30 to 40.
 * - `over` ended with 20, its last published number.
 * - `quiet` has published nothing since number 10, a minute ago.
 * - `fresh` takes its clock from its first segment, which has not come, and names no rendition; `named` names `720p`.
 */
export interface Row {
  readonly asked: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly status: number;
  /** A GET is held for 4 s, and then answered as a HEAD is at once. */
  readonly held?: true;
  /** 0: nobody may keep it. */
  readonly maxAgeMs: number;
  /** Headers that must be there, as patterns; null: must not be there. */
  readonly expected?: Readonly<Record<string, RegExp | null>>;
}

const MINUTE = 60_000;
const derby = "http://origin/live/derby";

export const ROWS: readonly Row[] = [
  // Outside the grammar, or an extension the rendition does not have.
  { asked: "the root", url: "http://origin/", status: 404, maxAgeMs: MINUTE },
  { asked: "a path of another kind", url: `${derby}/v2/720p/40.exe`, status: 404, maxAgeMs: MINUTE },
  { asked: "a number with a leading zero", url: `${derby}/v2/720p/040.m4s`, status: 404, maxAgeMs: MINUTE },
  { asked: "a number of 16 digits", url: `${derby}/v2/720p/1000000000000000.m4s`, status: 404, maxAgeMs: MINUTE },
  { asked: "a percent sign", url: `${derby}/v2/720p/4%30.m4s`, status: 404, maxAgeMs: MINUTE },
  {
    asked: "an extension that the rendition does not have",
    url: `${derby}/v2/720p/40.ts`,
    status: 404,
    maxAgeMs: MINUTE,
  },
  { asked: "the same in a version to come", url: `${derby}/v9/720p/40.ts`, status: 404, maxAgeMs: MINUTE },

  // Unknown event; version.
  {
    asked: "an unknown event",
    url: "http://origin/live/nobody/v1/720p/1.m4s",
    status: 404,
    maxAgeMs: 5000,
    expected: { "headwater-event-version": null, "headwater-template": null, "surrogate-key": null },
  },
  {
    asked: "a playlist of an unknown event",
    url: "http://origin/live/nobody/master.m3u8",
    status: 404,
    maxAgeMs: 5000,
  },
  {
    asked: "a version above the current",
    url: `${derby}/v3/720p/40.m4s`,
    status: 404,
    maxAgeMs: 1000,
    expected: { "headwater-event-version": /^2$/, "headwater-template": /^dur=2, scale=1, start=/ },
  },
  { asked: "an older version", url: `${derby}/v1/720p/40.m4s`, status: 200, maxAgeMs: 5000 },
  { asked: "an older version, briefly wrong", url: `${derby}/v1/720p/38.m4s`, status: 404, maxAgeMs: 1000 },
  { asked: "an older version, wrong for long", url: `${derby}/v1/720p/30.m4s`, status: 410, maxAgeMs: 5000 },

  // Unknown rendition.
  { asked: "an unknown rendition", url: `${derby}/v2/4k/40.m4s`, status: 404, maxAgeMs: 5000 },
  { asked: "a playlist of an unknown rendition", url: `${derby}/4k/index.m3u8`, status: 404, maxAgeMs: 5000 },
  {
    asked: "a rendition of an event that has none",
    url: "http://origin/live/fresh/v1/4k/1.m4s",
    status: 404,
    maxAgeMs: 1000,
  },
  {
    asked: "a named rendition before the event's clock",
    url: "http://origin/live/named/v1/720p/1.m4s",
    status: 404,
    maxAgeMs: 1000,
    expected: { "headwater-event-version": /^1$/, "headwater-template": null },
  },
  { asked: "soon in a named rendition", url: `${derby}/v2/spare/41.m4s`, status: 404, maxAgeMs: 1000 },
  { asked: "later in a named rendition", url: `${derby}/v2/spare/43.m4s`, status: 404, maxAgeMs: 3500 },

  // The number decides.
  {
    asked: "after the last number of an ended event",
    url: "http://origin/live/over/v1/720p/21.m4s",
    status: 404,
    maxAgeMs: MINUTE,
  },
  {
    asked: "before the first",
    url: `${derby}/v2/720p/0.m4s`,
    status: 404,
    maxAgeMs: MINUTE,
    expected: {
      "cache-control": /^public, max-age=60, s-maxage=60, stale-while-revalidate=0$/,
      "surrogate-key": /^derby derby\/v2 derby\/720p derby\/720p\/n0$/,
    },
  },
  { asked: "older than the DVR window", url: `${derby}/v2/720p/5.m4s`, status: 410, maxAgeMs: MINUTE },
  {
    asked: "the newest",
    url: `${derby}/v2/720p/40.m4s`,
    status: 200,
    maxAgeMs: 59_000,
    expected: {
      "cache-control": /^public, max-age=59, s-maxage=59$/,
      "cdn-cache-control": /^max-age=59$/,
      "content-type": /^video\/mp4$/,
      "content-length": /^15$/,
      etag: /^"[0-9a-f]{32}"$/,
      "last-modified": /^Sun, 01 Mar 2026 12:01:20 GMT$/,
      "accept-ranges": /^bytes$/,
      "headwater-event-version": /^2$/,
      "headwater-template": /^dur=2, scale=1, start=1772366398000, first=1, delay=500, window=60000$/,
      "headwater-pipeline": /^a$/,
      "headwater-region": /^west$/,
      "headwater-init": /^[0-9a-f]{64}$/,
      "headwater-defects": null,
      "surrogate-key":
        /^derby derby\/v2 derby\/720p derby\/720p\/n40 derby\/720p\/a derby\/720p\/a\/west derby\/720p\/a\/west\/n40$/,
      "cache-tag": /^derby,derby\/v2,/,
      "cache-status": /^headwater; (?:fwd=miss; detail=store|hit; detail=memory)$/,
      vary: null,
    },
  },
  { asked: "an unnamed query string", url: `${derby}/v2/720p/40.m4s?x=%00&window=no`, status: 200, maxAgeMs: 59_000 },
  { asked: "a DVR number", url: `${derby}/v2/720p/20.m4s`, status: 200, maxAgeMs: 19_000 },
  {
    asked: "a defective copy before its retry deadline",
    url: `${derby}/v2/720p/39.m4s`,
    status: 200,
    maxAgeMs: 1000,
    expected: { "headwater-defects": /^short;ms=400$/ },
  },
  {
    asked: "a copy that one in a better place may yet replace",
    url: "http://origin/live/duel/v1/720p/40.m4s",
    status: 200,
    maxAgeMs: 2000,
    expected: { "headwater-pipeline": /^b$/, "headwater-region": /^east$/ },
  },
  {
    asked: "the settled copy of two",
    url: "http://origin/live/duel/v1/720p/39.m4s",
    status: 200,
    maxAgeMs: 57_000,
    expected: { "headwater-pipeline": /^a$/ },
  },
  { asked: "past its retry deadline", url: `${derby}/v2/720p/30.m4s`, status: 410, maxAgeMs: MINUTE },
  { asked: "the next", url: `${derby}/v2/720p/41.m4s`, status: 404, maxAgeMs: 1000, held: true },
  { asked: "the next by an older version", url: `${derby}/v1/720p/41.m4s`, status: 404, maxAgeMs: 1000, held: true },
  {
    asked: "the next of a rendition that stalls",
    url: "http://origin/live/quiet/v1/720p/38.m4s",
    status: 404,
    maxAgeMs: 1000,
  },
  { asked: "a hole", url: `${derby}/v2/720p/38.m4s`, status: 404, maxAgeMs: 1000 },
  { asked: "the second next", url: `${derby}/v2/720p/42.m4s`, status: 404, maxAgeMs: 1500 },
  { asked: "the third next", url: `${derby}/v2/720p/43.m4s`, status: 404, maxAgeMs: 3500 },
  { asked: "far away", url: `${derby}/v2/720p/999999999999999.m4s`, status: 404, maxAgeMs: 3_600_000 },

  // Inits.
  {
    asked: "an init by its hash",
    url: `${derby}/v2/720p/init-{hash}.mp4`,
    status: 200,
    maxAgeMs: MINUTE,
    expected: { "content-type": /^video\/mp4$/, "headwater-init": /^[0-9a-f]{64}$/, "headwater-pipeline": /^a$/ },
  },
  { asked: "an init of an older version", url: `${derby}/v1/720p/init-{hash}.mp4`, status: 200, maxAgeMs: 5000 },
  { asked: "the newest init", url: `${derby}/v2/720p/init.mp4`, status: 200, maxAgeMs: 1000 },
  { asked: "an init that nobody sent", url: `${derby}/v2/720p/init-abc.mp4`, status: 404, maxAgeMs: 1000 },
  { asked: "an init before any", url: `${derby}/v2/spare/init.mp4`, status: 404, maxAgeMs: 1000 },

  // Playlists.
  {
    asked: "the master playlist",
    url: `${derby}/master.m3u8`,
    status: 200,
    maxAgeMs: 1000,
    expected: {
      "content-type": /^application\/vnd\.apple\.mpegurl$/,
      vary: /^Accept-Encoding$/,
      etag: /^"[0-9a-f]{32}"$/,
      "surrogate-key": /^derby derby\/v2$/,
      "x-powered-by": null,
    },
  },
  {
    asked: "a master playlist before anything",
    url: "http://origin/live/fresh/master.m3u8",
    status: 404,
    maxAgeMs: 1000,
  },
  {
    asked: "a media playlist, until 41 is due",
    url: "http://origin/live/calm/720p/index.m3u8",
    status: 200,
    maxAgeMs: 1500,
    expected: { "surrogate-key": /^calm calm\/v1 calm\/720p$/, vary: /^Accept-Encoding$/ },
  },
  { asked: "a media playlist that waits for 38", url: `${derby}/720p/index.m3u8`, status: 200, maxAgeMs: 500 },
  {
    asked: "the media playlist of an ended event",
    url: "http://origin/live/over/720p/index.m3u8",
    status: 200,
    maxAgeMs: MINUTE,
  },
  { asked: "a media playlist before anything", url: `${derby}/spare/index.m3u8`, status: 404, maxAgeMs: 1000 },
  { asked: "a range still to come", url: `${derby}/720p/index.m3u8?from=64&to=70`, status: 404, maxAgeMs: 1000 },
  { asked: "a window that is no number", url: `${derby}/720p/index.m3u8?window=all`, status: 400, maxAgeMs: 0 },
  { asked: "a window twice", url: `${derby}/master.m3u8?window=10&window=20`, status: 400, maxAgeMs: 0 },
  {
    asked: "a parameter that nobody named",
    url: "http://origin/live/calm/720p/index.m3u8?cb=1",
    status: 200,
    maxAgeMs: 1500,
  },
  {
    asked: "a blocking reload for what is there",
    url: "http://origin/live/calm/720p/index.m3u8?_HLS_msn=40",
    status: 200,
    maxAgeMs: 1500,
  },
  {
    asked: "a delta update",
    url: "http://origin/live/calm/720p/index.m3u8?_HLS_msn=40&_HLS_skip=YES",
    status: 200,
    maxAgeMs: 1500,
  },
  {
    asked: "a blocking reload of an ended event, which blocks nobody",
    url: "http://origin/live/over/720p/index.m3u8?_HLS_msn=99",
    status: 200,
    maxAgeMs: MINUTE,
  },
  {
    asked: "a blocking reload before anything",
    url: `${derby}/spare/index.m3u8?_HLS_msn=1`,
    status: 404,
    maxAgeMs: 1000,
  },
  { asked: "a reload for no number", url: `${derby}/720p/index.m3u8?_HLS_msn=next`, status: 400, maxAgeMs: 0 },

  // Conditions and ranges. The object is `derby 720p 40 a`.
  {
    asked: "a range",
    url: `${derby}/v2/720p/40.m4s`,
    headers: { Range: "bytes=6-9" },
    status: 206,
    maxAgeMs: 59_000,
    expected: { "content-range": /^bytes 6-9\/15$/, "content-length": /^4$/, "headwater-pipeline": /^a$/ },
  },
  {
    asked: "the last bytes",
    url: `${derby}/v2/720p/40.m4s`,
    headers: { Range: "bytes=-5" },
    status: 206,
    maxAgeMs: 59_000,
    expected: { "content-range": /^bytes 10-14\/15$/ },
  },
  {
    asked: "several ranges",
    url: `${derby}/v2/720p/40.m4s`,
    headers: { Range: "bytes=0-1,4-5" },
    status: 200,
    maxAgeMs: 59_000,
  },
  {
    asked: "a range behind the end",
    url: `${derby}/v2/720p/40.m4s`,
    headers: { Range: "bytes=15-" },
    status: 416,
    maxAgeMs: 0,
    expected: { "content-range": /^bytes \*\/15$/ },
  },
  {
    asked: "a range of a number that is not there",
    url: `${derby}/v2/720p/41.m4s`,
    headers: { Range: "bytes=0-" },
    status: 404,
    maxAgeMs: 1000,
    held: true,
  },
  {
    asked: "again what is known by its tag",
    url: `${derby}/v2/720p/40.m4s`,
    headers: { "If-None-Match": "{etag}" },
    status: 304,
    maxAgeMs: 59_000,
    expected: { etag: /^"[0-9a-f]{32}"$/, "content-length": null, "content-type": null, "headwater-region": /^west$/ },
  },
  {
    asked: "again what is known by its date",
    url: `${derby}/v2/720p/40.m4s`,
    headers: { "If-Modified-Since": "Sun, 01 Mar 2026 12:01:20 GMT" },
    status: 304,
    maxAgeMs: 59_000,
  },
  {
    asked: "under another tag",
    url: `${derby}/v2/720p/40.m4s`,
    headers: { "If-Match": '"x"' },
    status: 412,
    maxAgeMs: 0,
  },
  {
    asked: "a range of a changed object",
    url: `${derby}/v2/720p/40.m4s`,
    headers: { Range: "bytes=0-1", "If-Range": '"x"' },
    status: 200,
    maxAgeMs: 59_000,
  },
  {
    asked: "a range of an init",
    url: `${derby}/v2/720p/init.mp4`,
    headers: { Range: "bytes=0-3" },
    status: 206,
    maxAgeMs: 1000,
    expected: { "content-range": /^bytes 0-3\/13$/ },
  },
  {
    asked: "a range of a playlist",
    url: "http://origin/live/calm/720p/index.m3u8",
    headers: { Range: "bytes=0-6" },
    status: 206,
    maxAgeMs: 1500,
  },
];

/** Where no DVR read may reach the store: `HEADWATER_DVR_READS_PER_SECOND=0`. */
export const SHED_ROWS: readonly Row[] = [
  {
    asked: "a DVR number over the limit, in no cache",
    url: `${derby}/v2/720p/20.m4s`,
    status: 503,
    maxAgeMs: 5000,
    expected: {
      "retry-after": /^5$/,
      "cache-control": /^public, max-age=5, s-maxage=5, stale-while-revalidate=0$/,
      "cdn-cache-control": /^max-age=5$/,
      "headwater-event-version": /^2$/,
      "headwater-template": /^dur=2, scale=1, start=/,
      "surrogate-key": /^derby derby\/v2 derby\/720p derby\/720p\/n20$/,
      "cache-status": null,
      etag: null,
      "headwater-pipeline": null,
    },
  },
  { asked: "the same by an older version", url: `${derby}/v1/720p/19.m4s`, status: 503, maxAgeMs: 5000 },
  {
    asked: "the same again with a condition",
    url: `${derby}/v2/720p/20.m4s`,
    headers: { "If-None-Match": '"x"' },
    status: 503,
    maxAgeMs: 5000,
  },
  {
    asked: "a range of the same",
    url: `${derby}/v2/720p/18.m4s`,
    headers: { Range: "bytes=0-3" },
    status: 503,
    maxAgeMs: 5000,
    expected: { "content-range": null },
  },
  { asked: "the oldest of the live edge", url: `${derby}/v2/720p/37.m4s`, status: 200, maxAgeMs: 53_000 },
  { asked: "the newest beside a flood", url: `${derby}/v2/720p/40.m4s`, status: 200, maxAgeMs: 59_000 },
  { asked: "a number before the first beside a flood", url: `${derby}/v2/720p/0.m4s`, status: 404, maxAgeMs: MINUTE },
];
