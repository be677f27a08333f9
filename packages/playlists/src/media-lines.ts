import { renderSegment } from "./render-segment.ts";

/** One number's place in our media playlist. */
export interface WrittenSegment {
  readonly number: number;
  readonly durationSec: number;
  readonly programDateTimeMs: number;
  readonly uri: string;
  /** The init segment it needs; absent where the container needs none, and for a gap of which no copy is known. */
  readonly mapUri?: string;
  /** It does not continue the segment before it. */
  readonly discontinuity: boolean;
  readonly gap: boolean;
}

interface Entry {
  readonly lines: string;
  readonly durationSec: number;
  readonly mapUri: string | undefined;
  readonly discontinuity: boolean;
  /** Discontinuities of all numbers before it, of those that were dropped too. */
  readonly discontinuitiesBefore: number;
  readonly gap: boolean;
}

export interface SliceOptions {
  /** First and last number, inclusive; cut to what there is. Default: all. */
  readonly from?: number;
  readonly to?: number;
  readonly endlist?: boolean;
  readonly type?: "EVENT" | "VOD";
  /** Offer blocking reload and delta updates (`_HLS_msn`, `_HLS_skip`). */
  readonly serverControl?: boolean;
  /** Write a delta update: segments older than six target durations become one EXT-X-SKIP. */
  readonly skip?: boolean;
}

/**
 * One rendition's media playlist, kept as text: a segment's lines are rendered once, when it is put in, and a playlist
 * is a join of them. Numbers are contiguous; a number that has no segment is put in as a gap.
 */
export class MediaLines {
  readonly #maxSegments: number;
  #entries: Entry[] = [];
  /** Entries before this index are dropped and wait to be cut off in one go. */
  #head = 0;
  #first = 0;
  /** Before the first number that is held. */
  #discontinuitiesBefore: number;
  #targetDurationSec: number;

  /**
   * @param options.targetDurationSec the event's segment duration; grows, never shrinks, with longer segments
   * @param options.maxSegments more push the oldest out
   * @param options.discontinuitySequence discontinuities before the first segment that will be put in
   */
  constructor(options: { targetDurationSec: number; maxSegments: number; discontinuitySequence?: number }) {
    this.#targetDurationSec = Math.max(1, Math.round(options.targetDurationSec));
    this.#maxSegments = options.maxSegments;
    this.#discontinuitiesBefore = options.discontinuitySequence ?? 0;
  }

  /** The lowest number held, undefined when empty. */
  get first(): number | undefined {
    return this.size === 0 ? undefined : this.#first;
  }

  /** The highest number held, undefined when empty. */
  get last(): number | undefined {
    return this.size === 0 ? undefined : this.#first + this.size - 1;
  }

  get size(): number {
    return this.#entries.length - this.#head;
  }

  /**
   * Appends the next number, or writes one that is held anew. O(1), unless that changes where discontinuities stand.
   * @throws {RangeError} for a number that is neither held nor the next
   */
  set(segment: WrittenSegment): void {
    if (this.size === 0) this.#first = segment.number;
    const index = segment.number - this.#first;
    if (!Number.isSafeInteger(index) || index < 0 || index > this.size) {
      throw new RangeError(`number ${segment.number} is neither held (${this.first} to ${this.last}) nor the next`);
    }
    this.#targetDurationSec = Math.max(this.#targetDurationSec, Math.round(segment.durationSec));
    const { durationSec, mapUri, discontinuity, gap } = segment;
    const at = this.#head + index;
    const changes = at < this.#entries.length && this.#entries[at]!.discontinuity !== discontinuity;
    const discontinuitiesBefore = this.#countBefore(at);
    const lines = renderSegment(segment);
    this.#entries[at] = { lines, durationSec, mapUri, discontinuity, discontinuitiesBefore, gap };
    for (let later = at + 1; changes && later < this.#entries.length; later += 1) {
      this.#entries[later] = { ...this.#entries[later]!, discontinuitiesBefore: this.#countBefore(later) };
    }
    if (this.size > this.#maxSegments) this.dropBefore(this.#first + this.size - this.#maxSegments);
  }

  /** Forgets all numbers below `number`; their discontinuities stay counted. */
  dropBefore(number: number): void {
    const end = this.#head + Math.min(Math.max(0, number - this.#first), this.size);
    for (; this.#head < end; this.#head += 1) {
      if (this.#entries[this.#head]!.discontinuity) this.#discontinuitiesBefore += 1;
      this.#first += 1;
    }
    if (this.#head <= this.#entries.length / 2) return;
    this.#entries = this.#entries.slice(this.#head);
    this.#head = 0;
  }

  /** Discontinuities before the entry at an index, which may be the next one's. */
  #countBefore(at: number): number {
    const before = at > this.#head ? this.#entries[at - 1] : undefined;
    if (before === undefined) return this.#discontinuitiesBefore;
    return before.discontinuitiesBefore + (before.discontinuity ? 1 : 0);
  }

  /** The playlist of a range of numbers (RFC 8216bis). Empty of segments where none of the range is held. */
  render(options: SliceOptions = {}): string {
    const from = Math.max(options.from ?? this.#first, this.#first);
    const to = Math.min(options.to ?? Number.POSITIVE_INFINITY, this.#first + this.size - 1);
    const start = this.#head + Math.min(from - this.#first, this.size);
    const entries = this.#entries.slice(start, this.#head + to - this.#first + 1);
    const skipped = options.skip ? this.#skippable(entries) : 0;
    const parts = [
      "#EXTM3U\n",
      `#EXT-X-VERSION:${version(entries, skipped)}\n`,
      `#EXT-X-TARGETDURATION:${this.#targetDurationSec}\n`,
      `#EXT-X-MEDIA-SEQUENCE:${from}\n`,
      `#EXT-X-DISCONTINUITY-SEQUENCE:${this.#countBefore(start)}\n`,
      "#EXT-X-INDEPENDENT-SEGMENTS\n",
    ];
    if (options.type) parts.push(`#EXT-X-PLAYLIST-TYPE:${options.type}\n`);
    if (options.serverControl) {
      parts.push(`#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=${this.#skipBoundarySec}\n`);
    }
    if (skipped > 0) parts.push(`#EXT-X-SKIP:SKIPPED-SEGMENTS=${skipped}\n`);
    let mapUri: string | undefined;
    for (let i = skipped; i < entries.length; i += 1) {
      const entry = entries[i]!;
      if (entry.discontinuity) parts.push("#EXT-X-DISCONTINUITY\n");
      if (entry.mapUri !== undefined && entry.mapUri !== mapUri) {
        mapUri = entry.mapUri;
        parts.push(`#EXT-X-MAP:URI="${mapUri}"\n`);
      }
      parts.push(entry.lines);
    }
    if (options.endlist) parts.push("#EXT-X-ENDLIST\n");
    return parts.join("");
  }

  get #skipBoundarySec(): number {
    return 6 * this.#targetDurationSec;
  }

  #skippable(entries: readonly Entry[]): number {
    let fromEndSec = 0;
    let kept = 0;
    while (kept < entries.length && fromEndSec < this.#skipBoundarySec) {
      kept += 1;
      fromEndSec += entries[entries.length - kept]!.durationSec;
    }
    return entries.length - kept;
  }
}

/** EXT-X-SKIP needs 9, EXT-X-GAP 8, a map without I-frames 6; 7 is what players expect with fMP4. */
function version(entries: readonly Entry[], skipped: number): number {
  if (skipped > 0) return 9;
  let lowest = 6;
  for (const entry of entries) {
    if (entry.gap) return 8;
    if (entry.mapUri !== undefined) lowest = 7;
  }
  return lowest;
}
