import { parseLiveUrl } from "@headwater/edge-protocol";

type Parsed = ReturnType<typeof parseLiveUrl>;

/** Longer ones are read each time, so that hostile names cannot fill memory. */
const MAX_CHARS = 256;
/** Of each of the two generations. */
const MAX_URLS = 2048;

/**
 * Reads request targets. One that is asked again and again is read once: it gives the same object, by which others can
 * remember what they know of it. It is forgotten when some thousands of other names have been asked since.
 */
export class Urls {
  #young = new Map<string, Parsed>();
  #old = new Map<string, Parsed>();

  parse(rawUrl: string): Parsed {
    const known = this.#young.get(rawUrl);
    if (known !== undefined) return known;
    const url = this.#old.get(rawUrl) ?? parseLiveUrl(rawUrl);
    if (url.kind !== "outside" && rawUrl.length <= MAX_CHARS) this.#keep(rawUrl, url);
    return url;
  }

  #keep(rawUrl: string, url: Parsed): void {
    if (this.#young.size >= MAX_URLS) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(rawUrl, url);
  }
}
