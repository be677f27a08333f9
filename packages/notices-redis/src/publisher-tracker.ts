import type { Header } from "./frame.ts";

/** A publisher that is silent for longer vouches for nothing; they beat every 200 ms. */
const SILENT_MS = 500;
/** One that is silent for longer is gone, and asked no more. */
const GONE_MS = 10_000;

interface Publisher {
  readonly sequence: number;
  readonly sentMs: number;
  readonly heardMs: number;
}

/** Follows every publisher's sequence: what is new, what is missing, and up to when all is known. */
export class PublisherTracker {
  #publishers = new Map<string, Publisher>();

  /** Takes a message's header. `fresh`: a notice not heard before. `gap`: notices before it were missed. */
  accept({ kind, publisher, sequence, sentMs }: Header, nowMs: number): { fresh: boolean; gap: boolean } {
    this.#forget(nowMs);
    // Of a publisher first heard now, everything it has ever published may have been missed.
    const known = this.#publishers.get(publisher)?.sequence ?? 0;
    const inOrder = kind === "notice" ? known + 1 : known;
    if (sequence < inOrder) return { fresh: false, gap: false };
    // A publisher whose clock is ahead vouches for no time to come.
    if (kind === "bye") this.#publishers.delete(publisher);
    else this.#publishers.set(publisher, { sequence, sentMs: Math.min(sentMs, nowMs), heardMs: nowMs });
    return { fresh: kind === "notice", gap: sequence > inOrder };
  }

  /** The time up to which every publisher has been heard, in ms since the Unix epoch; 0 if one is silent, or none known. */
  completeUntilMs(nowMs: number): number {
    this.#forget(nowMs);
    let completeMs = Number.POSITIVE_INFINITY;
    for (const { sentMs, heardMs } of this.#publishers.values()) {
      if (nowMs - heardMs > SILENT_MS) return 0;
      completeMs = Math.min(completeMs, sentMs);
    }
    return this.#publishers.size === 0 ? 0 : completeMs;
  }

  reset(): void {
    this.#publishers.clear();
  }

  #forget(nowMs: number): void {
    for (const [id, { heardMs }] of this.#publishers) {
      if (nowMs - heardMs > GONE_MS) this.#publishers.delete(id);
    }
  }
}
