const RETRY_MS = 2000;
const WAITING = "Waiting for the first segments …";
const { Hls } = window;

/** One video element that plays a live event with hls.js, or natively where that cannot run, and never gives up. */
export class Player {
  /** A reader's token, where the origin asks for one. */
  token = "";
  #video;
  #say;
  #hls;
  #retry;

  /** `say` shows a text over the picture; an empty one shows the picture. */
  constructor(video, say) {
    this.#video = video;
    this.#say = say;
    video.addEventListener("playing", () => say(""));
  }

  play(url) {
    this.stop(WAITING);
    if (Hls?.isSupported()) this.#playWithHls(url);
    else this.#playNatively(url);
  }

  stop(text) {
    clearTimeout(this.#retry);
    this.#hls?.destroy();
    this.#hls = undefined;
    this.#video.onerror = null;
    this.#video.removeAttribute("src");
    this.#video.load();
    this.#say(text);
  }

  stats() {
    const video = this.#video;
    const quality = video.getVideoPlaybackQuality?.();
    const end = video.buffered.length > 0 ? video.buffered.end(video.buffered.length - 1) : video.currentTime;
    return {
      level: this.#level(),
      latencySec: this.#latencySec(),
      bufferSec: Math.max(0, end - video.currentTime),
      dropped: quality?.droppedVideoFrames ?? 0,
    };
  }

  #playWithHls(url) {
    const hls = new Hls({
      liveSyncDurationCount: 2,
      backBufferLength: 30,
      xhrSetup: (xhr) => {
        if (this.token) xhr.setRequestHeader("Authorization", `Bearer ${this.token}`);
      },
    });
    this.#hls = hls;
    hls.on(Hls.Events.MANIFEST_PARSED, () => this.#start());
    hls.on(Hls.Events.ERROR, (_name, { fatal, type }) => {
      if (!fatal) return;
      if (type === Hls.ErrorTypes.MEDIA_ERROR) hls.recoverMediaError();
      else this.#again(url);
    });
    hls.loadSource(url);
    hls.attachMedia(this.#video);
  }

  #playNatively(url) {
    this.#video.onerror = () => this.#again(url);
    this.#video.src = url;
    this.#start();
  }

  #start() {
    // Where playing by itself is refused, the controls show what to press.
    this.#video.play().catch(() => this.#say(""));
  }

  #again(url) {
    clearTimeout(this.#retry);
    this.#say(WAITING);
    this.#retry = setTimeout(() => this.play(url), RETRY_MS);
  }

  #level() {
    const level = this.#hls?.levels[this.#hls.currentLevel];
    const { videoWidth, videoHeight } = this.#video;
    if (!videoWidth) return undefined;
    const bitrate = level?.bitrate ? `, ${(level.bitrate / 1e6).toFixed(1)} Mbit/s` : "";
    return `${videoWidth} × ${videoHeight}${bitrate}`;
  }

  /** By the playlist's dates, where it has them. */
  #latencySec() {
    const shown = this.#hls?.playingDate;
    if (shown) return (Date.now() - shown.getTime()) / 1000;
    return this.#hls?.latency || undefined;
  }
}
