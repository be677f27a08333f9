import type { ReadClass } from "@headwater/admission";

/** Of all room, what the DVR may take: the rest is the live edge's. */
const DVR_SHARE = 0.75;

interface Content {
  readonly sizeBytes: number;
  answers: number;
}

/**
 * Bounds the bytes of bodies that answers under way keep in memory, from before they are read until the last client has
 * taken them. What several answers send is there once.
 */
export class MediaRoom {
  readonly #maxBytes: number;
  readonly #contents = new Map<string, Content>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Whether one more answer may have this content; if so, it is to be given back once. */
  take(content: string, sizeBytes: number, readClass: ReadClass): boolean {
    const known = this.#contents.get(content);
    if (known !== undefined) {
      known.answers += 1;
      return true;
    }
    const maxBytes = readClass === "live-edge" ? this.#maxBytes : this.#maxBytes * DVR_SHARE;
    // One always goes, however small the room.
    if (this.#bytes > 0 && this.#bytes + sizeBytes > maxBytes) return false;
    this.#contents.set(content, { sizeBytes, answers: 1 });
    this.#bytes += sizeBytes;
    return true;
  }

  giveBack(content: string): void {
    const known = this.#contents.get(content);
    if (known === undefined) return;
    known.answers -= 1;
    if (known.answers > 0) return;
    this.#contents.delete(content);
    this.#bytes -= known.sizeBytes;
  }
}
