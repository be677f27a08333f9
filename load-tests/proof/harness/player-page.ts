/**
 * A page that plays with hls.js and keeps what a viewer would notice in `window.seen` (see `Seen`).
 * @param hlsUrl where hls.js is
 * @param playlistUrl what it plays
 * @param config of hls.js, where it is not the default
 */
export function playerPage(hlsUrl: string, playlistUrl: string, config: HlsConfig = {}): string {
  return `<!doctype html><title>player</title><video muted autoplay></video>
<script src="${hlsUrl}"></script>
<script>
const video = document.querySelector("video");
const seen = window.seen = { fatal: [], errors: [], holeSec: 0, stillMs: 0, continuity: 0, continuities: 0 };
const hls = new Hls(${JSON.stringify(config)});
hls.on(Hls.Events.ERROR, (_, { details, fatal, reason, response }) => {
  (fatal ? seen.fatal : seen.errors).push([details, reason, response && response.code].filter(Boolean).join(" "));
  seen.errors.splice(100);
});
hls.on(Hls.Events.FRAG_CHANGED, (_, { frag }) => {
  if (frag.cc !== seen.continuity || seen.continuities === 0) seen.continuities += 1;
  seen.continuity = frag.cc;
});
let soughtTo, shown = 0, movedAt = 0;
window.seek = (toSec) => { soughtTo = video.currentTime = toSec; };
setInterval(() => {
  const { buffered, currentTime, ended } = video;
  for (let i = 1; i < buffered.length; i++) {
    const [from, to] = [buffered.end(i - 1), buffered.start(i)];
    // A seek leaves a hole behind it or before it: then those count that the picture came across after the last seek.
    const counts = soughtTo === undefined || (from >= soughtTo && to <= currentTime);
    if (counts) seen.holeSec = Math.max(seen.holeSec, to - from);
  }
  const now = performance.now();
  if (currentTime !== shown || currentTime === 0 || ended) movedAt = now;
  seen.stillMs = Math.max(seen.stillMs, now - movedAt);
  shown = currentTime;
}, 100);
window.state = () => ({
  ...seen,
  currentTime: video.currentTime,
  duration: video.duration,
  bufferedFrom: video.buffered.length > 0 ? video.buffered.start(0) : 0,
  seekableFrom: video.seekable.length > 0 ? video.seekable.start(0) : 0,
  liveEdge: hls.liveSyncPosition,
  paused: video.paused,
  ended: video.ended,
  width: video.videoWidth,
  frames: video.getVideoPlaybackQuality().totalVideoFrames,
  audio: hls.audioTracks.map(({ lang }) => lang),
  subtitles: hls.subtitleTracks.map(({ lang }) => lang),
});
hls.loadSource(${JSON.stringify(playlistUrl)});
hls.attachMedia(video);
</script>`;
}

export type HlsConfig = Readonly<Record<string, number | boolean>>;

export interface Seen {
  /** Errors that hls.js gave up at, and those it got over. */
  readonly fatal: readonly string[];
  readonly errors: readonly string[];
  /** Widest hole that was ever in what the video had buffered; after a seek, that the picture came across. */
  readonly holeSec: number;
  /** The longest that the picture stood still after its start, seeks included. */
  readonly stillMs: number;
  /** Discontinuity sequence of the fragment that is playing, and how many different ones have played. */
  readonly continuity: number;
  readonly continuities: number;
  readonly currentTime: number;
  /** Of all that the playlist has listed so far, s; null before there is any. */
  readonly duration: number | null;
  /** Start of the first thing that is still buffered, s. */
  readonly bufferedFrom: number;
  /** Where the DVR window starts, s. */
  readonly seekableFrom: number;
  /** Where hls.js would start to play live, s; null when it does not know. */
  readonly liveEdge: number | null;
  readonly paused: boolean;
  readonly ended: boolean;
  readonly width: number;
  readonly frames: number;
  /** Languages that a viewer can choose. */
  readonly audio: readonly string[];
  readonly subtitles: readonly string[];
}
