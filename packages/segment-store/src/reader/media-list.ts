import { compatibleInits } from "@headwater/media-inspection";
import { MediaLines, type WrittenSegment } from "@headwater/playlists";
import { durationMs, numberStartMs, retryDeadlineMs, type Template } from "@headwater/timeline";
import { templateOf } from "../catalog/index.ts";
import type { Candidate } from "../model/index.ts";
import { type ChoiceScope, chooseCandidate, isOnlyCopy } from "./choice.ts";

export interface MediaListOptions extends ChoiceScope {
  readonly template: Template;
  /** First number of the list. */
  readonly from: number;
  /** Whether nothing of a number can still be on its way from the store in which it was acknowledged. */
  readonly isWhole: (number: number, nowMs: number) => boolean;
}

/** Numbers are inclusive. Default: all that the list holds. */
export interface SliceRange {
  readonly from?: number;
  readonly to?: number;
  /** `from` is the number wanted now, and a lower one or the same will be wanted until the event's last number is in. */
  readonly keepsFrom?: boolean;
}

/** A range of a list and whether it is the last that there will be. */
export interface ListSlice {
  readonly text: string;
  /** First and last number in it; undefined while there is none. */
  readonly first: number | undefined;
  readonly last: number | undefined;
  readonly ended: boolean;
}

/**
 * One rendition's media playlist, kept as rendered lines. Numbers go in once, in order, when what they show can no
 * longer change; those at the end that still may are written anew each time.
 */
export class MediaList {
  readonly #options: MediaListOptions;
  readonly #lines: MediaLines;
  readonly #madeFor: { readonly version: number; readonly masks: number };
  /** The next number to go in for good. */
  #next: number;
  /** The copy that the number before `#next` shows. */
  #shown: Candidate | undefined;

  constructor(options: MediaListOptions) {
    const { view, template, from } = options;
    this.#options = options;
    this.#madeFor = { version: view.event.version, masks: view.masks.revision };
    this.#next = from;
    const durationSec = durationMs(template.duration) / 1000;
    this.#lines = new MediaLines({
      targetDurationSec: durationSec,
      maxSegments: Math.ceil(template.dvrWindowMs / durationMs(template.duration)) + 1,
      discontinuitySequence: this.#runsBefore(from),
    });
  }

  /** Whether what is in for good is still what it would show: no operator has turned the version or masked anything since. */
  get isCurrent(): boolean {
    const { event, masks } = this.#options.view;
    return this.#madeFor.version === event.version && this.#madeFor.masks === masks.revision;
  }

  /** First number that the list still holds. */
  get first(): number {
    return this.#lines.first ?? this.#next;
  }

  /** The next number that would go in. */
  get next(): number {
    return this.#next;
  }

  /** Takes in what the tail has by now and can no longer change. */
  advance(nowMs: number): void {
    const template = templateOf(this.#options.view.event, this.#options.view.shape);
    if (template !== undefined) this.#advance(template, nowMs);
  }

  /** Puts one number in for good, from candidates read from the kv (history). */
  setHistory(number: number, candidates: readonly Candidate[], before: readonly Candidate[], nowMs: number): void {
    this.#next = number;
    this.#put(number, this.#choose(candidates, before, nowMs).candidate);
  }

  /**
   * Takes in what the tail has by now, and writes a range.
   * @param skip as a delta update, where that is offered
   */
  slice(template: Template, nowMs: number, range: SliceRange, skip: boolean): ListSlice {
    this.#lines.dropBefore(Math.max(0, windowStart(template, nowMs)));
    this.#advance(template, nowMs);
    const settled = { next: this.#next, shown: this.#shown };
    this.#advanceUnsettled(template, nowMs);
    const last = this.#lines.last;
    const ended = template.last !== undefined && this.#next > template.last;
    const first = last === undefined ? undefined : Math.max(range.from ?? this.first, this.first);
    const endlist = ended && (range.to ?? last ?? 0) >= (last ?? 0);
    const grows = !ended && range.to === undefined;
    const text = this.#lines.render({
      ...range,
      endlist,
      ...(endlist && first === this.#firstPublished && { type: "VOD" }),
      ...(grows && range.keepsFrom && first !== undefined && staysUntilEnd(template, first) && { type: "EVENT" }),
      serverControl: grows,
      skip: skip && grows,
    });
    // What is not settled will be written over the next time.
    this.#next = settled.next;
    this.#shown = settled.shown;
    return { text, first, last, ended };
  }

  #advance(template: Template, nowMs: number): void {
    while (this.#isWithin(template)) {
      const { candidate, settled, reason } = this.#choiceOf(this.#next, nowMs);
      if (candidate !== undefined && !settled) return;
      if (candidate === undefined && !this.#isGivenUp(template, nowMs)) return;
      const isCertain = candidate !== undefined && isOnlyCopy(this.#options.view.event, { reason });
      if (!isCertain && !this.#options.isWhole(this.#next, nowMs)) return;
      this.#put(this.#next, candidate);
    }
  }

  #advanceUnsettled(template: Template, nowMs: number): void {
    while (this.#isWithin(template)) {
      const { candidate } = this.#choiceOf(this.#next, nowMs);
      if (candidate === undefined && !this.#isGivenUp(template, nowMs)) return;
      this.#put(this.#next, candidate);
    }
  }

  #isWithin(template: Template): boolean {
    const { highest } = this.#tail;
    const end = template.last ?? highest;
    return highest !== undefined && end !== undefined && this.#next <= end;
  }

  /**
   * A number of which no copy will come that may be served: it is past its deadline, or every pipeline has begun a later
   * run or is masked.
   */
  #isGivenUp(template: Template, nowMs: number): boolean {
    if (nowMs >= retryDeadlineMs(template, this.#next)) return true;
    const { view, rendition } = this.#options;
    return view.event.pipelines.every(({ id }) => {
      if (view.masks.hides(id, rendition, this.#next)) return true;
      const run = this.#tail.progress(id)?.run;
      return (
        run !== undefined && (view.shape.runs(id).find((known) => known.run === run)?.originBase ?? 0) > this.#next
      );
    });
  }

  #choiceOf(number: number, nowMs: number) {
    const tail = this.#tail;
    return this.#choose(tail.candidates(number), tail.before(number), nowMs);
  }

  #choose(candidates: readonly Candidate[], before: readonly Candidate[], nowMs: number) {
    return chooseCandidate(this.#options, this.#options.template, { candidates, before }, nowMs);
  }

  #put(number: number, candidate: Candidate | undefined): void {
    this.#lines.set(candidate === undefined ? this.#gap(number) : this.#segment(candidate));
    this.#next = number + 1;
    if (candidate !== undefined) this.#shown = candidate;
  }

  #segment(candidate: Candidate): WrittenSegment {
    const { number, ext, init, startMs, durationMs: lengthMs } = candidate;
    return {
      number,
      durationSec: lengthMs / 1000,
      programDateTimeMs: startMs,
      uri: this.#uri(number, ext),
      ...(init !== undefined && { mapUri: `../v${this.#version}/${this.#options.rendition}/init-${init}.mp4` }),
      discontinuity: this.#shown !== undefined && !this.#continues(this.#shown, candidate),
      gap: false,
    };
  }

  #gap(number: number): WrittenSegment {
    const { template } = this.#options;
    const shown = this.#shown;
    return {
      number,
      durationSec: durationMs(template.duration) / 1000,
      programDateTimeMs:
        shown === undefined
          ? numberStartMs(template, number)
          : shown.startMs + (number - shown.number) * durationMs(template.duration),
      uri: this.#uri(number, shown?.ext ?? this.#options.view.shape.stream(this.#options.rendition)?.exts[0] ?? "ts"),
      ...(shown?.init !== undefined && {
        mapUri: `../v${this.#version}/${this.#options.rendition}/init-${shown.init}.mp4`,
      }),
      discontinuity: false,
      gap: true,
    };
  }

  #uri(number: number, ext: string): string {
    return `../v${this.#version}/${this.#options.rendition}/${number}.${ext}`;
  }

  /** Whether a player can go from one copy to the next without being told (interface §5). */
  #continues(before: Candidate, after: Candidate): boolean {
    if (before.pipeline === after.pipeline && before.run !== after.run) return false;
    if (before.pipeline !== after.pipeline && (before.ext === "ts" || after.ext === "ts")) return false;
    if (before.init === after.init) return true;
    const { shape } = this.#options.view;
    const inits = [before, after].map(({ init }) =>
      init === undefined ? undefined : shape.init(this.#options.rendition, init),
    );
    const [a, b] = inits;
    return a !== undefined && b !== undefined && compatibleInits(a.report, b.report);
  }

  #runsBefore(number: number): number {
    const { event, shape } = this.#options.view;
    const first = event.pipelines[0];
    return first === undefined
      ? 0
      : shape.runs(first.id).filter((run) => run.run > 0 && run.originBase <= number).length;
  }

  get #firstPublished(): number | undefined {
    return this.#options.view.shape.stream(this.#options.rendition)?.firstNumber;
  }

  get #version(): number {
    return this.#options.view.event.version;
  }

  get #tail() {
    return this.#options.view.tail(this.#options.rendition);
  }
}

/** Whether the window will still hold the number when the event's last can be waited for no longer. */
function staysUntilEnd(template: Template, number: number): boolean {
  return template.last !== undefined && number >= windowStart(template, retryDeadlineMs(template, template.last));
}

/** The oldest number that is still wholly in the DVR window. */
export function windowStart(template: Template, nowMs: number): number {
  const start = Math.ceil((nowMs - template.dvrWindowMs - template.startMs) / durationMs(template.duration));
  return Math.max(template.first, start);
}
