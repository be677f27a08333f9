import type { ReadClass } from "@headwater/admission";

/** Of all room, what the DVR may take: the rest is the live edge's. */
const DVR_SHARE = 0.75;

interface Content {
  readonly sizeBytes: number;
  answers: number;
  /** Once they have been read. */
  chunks: readonly Buffer[] | undefined;
}

/**
 * Bounds the bytes of bodies that answers under way keep in memory, from before they are read until the last client has
 * taken them. What several answers send is there once: who comes later takes the bytes of those before, whatever became of
 * them in the caches.
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
    this.#contents.set(content, { sizeBytes, answers: 1, chunks: undefined });
    this.#bytes += sizeBytes;
    return true;
  }

  /** The bytes of a content that an answer has taken. */
  chunksOf(content: string): readonly Buffer[] | undefined {
    return this.#contents.get(content)?.chunks;
  }

  /** They have been read, for an answer that has taken the content. */
  keep(content: string, chunks: readonly Buffer[]): void {
    const known = this.#contents.get(content);
    if (known !== undefined) known.chunks ??= chunks;
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
