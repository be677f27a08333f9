import { hash } from "node:crypto";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { hotSet } from "@headwater/cache";

const MAX_BYTES = 32 * 1024 * 1024;
const compress = promisify(gzip);

/** A playlist as it was first written here. */
export class PlaylistText {
  readonly identity: Buffer;
  readonly sha256: string;
  readonly firstSeenMs: number;
  #gzip: Promise<Buffer> | undefined;

  constructor(text: string, nowMs: number) {
    this.identity = Buffer.from(text);
    this.sha256 = hash("sha256", text);
    this.firstSeenMs = nowMs;
  }

  /** Compressed once, however many ask. */
  gzip(): Promise<Buffer> {
    this.#gzip ??= compress(this.identity);
    return this.#gzip;
  }
}

/** The playlists written lately, so that a text is hashed and compressed once, not for every reader. */
export class PlaylistTexts {
  readonly #texts = hotSet<PlaylistText>({ maxBytes: MAX_BYTES });

  of(text: string, nowMs: number): PlaylistText {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    const fresh = new PlaylistText(text, nowMs);
    // The text itself, its bytes and, at most, as much again compressed.
    this.#texts.set(text, fresh, 3 * fresh.identity.length);
    return fresh;
  }
}
