/**
 * A page that plays with hls.js and keeps what a viewer would notice in `window.seen` (see `Seen`).
 * @param hlsUrl where hls.js is
 * @param playlistUrl what it plays
 */
export function playerPage(hlsUrl: string, playlistUrl: string): string {
  return `<!doctype html><title>player</title><video muted autoplay></video>
<script src="${hlsUrl}"></script>
<script>
const video = document.querySelector("video");
const seen = window.seen = { fatal: [], errors: [], holeSec: 0, continuity: 0, continuities: 0 };
const hls = new Hls();
hls.on(Hls.Events.ERROR, (_, { details, fatal, reason, response }) => {
  (fatal ? seen.fatal : seen.errors).push([details, reason, response && response.code].filter(Boolean).join(" "));
  seen.errors.splice(100);
});
hls.on(Hls.Events.FRAG_CHANGED, (_, { frag }) => {
  if (frag.cc !== seen.continuity || seen.continuities === 0) seen.continuities += 1;
  seen.continuity = frag.cc;
});
setInterval(() => {
  const { buffered } = video;
  for (let i = 1; i < buffered.length; i++)
    seen.holeSec = Math.max(seen.holeSec, buffered.start(i) - buffered.end(i - 1));
}, 100);
window.state = () => ({
  ...seen,
  currentTime: video.currentTime,
  paused: video.paused,
  width: video.videoWidth,
  frames: video.getVideoPlaybackQuality().totalVideoFrames,
});
hls.loadSource(${JSON.stringify(playlistUrl)});
hls.attachMedia(video);
</script>`;
}

export interface Seen {
  /** Errors that hls.js gave up at, and those it got over. */
  readonly fatal: readonly string[];
  readonly errors: readonly string[];
  /** Widest hole that was ever in what the video had buffered. */
  readonly holeSec: number;
  /** Discontinuity sequence of the fragment that is playing, and how many different ones have played. */
  readonly continuity: number;
  readonly continuities: number;
  readonly currentTime: number;
  readonly paused: boolean;
  readonly width: number;
  readonly frames: number;
}
