import { setImmediate } from "node:timers/promises";
import { type Kv, rowsOf } from "@headwater/kv";
import {
  type Decision,
  decide,
  durationMs,
  expectedPublishMs,
  type Firmness,
  numberStartMs,
  type Presence,
  type ReadClass,
  readClass,
  retryDeadlineMs,
  type Template,
} from "@headwater/timeline";
import { type EventView, type RenditionTail, templateOf } from "../catalog/index.ts";
import {
  BUCKET_NUMBERS,
  bucketOf,
  type Candidate,
  candidateOf,
  candidatesId,
  numberKey,
  numberKeyEnd,
} from "../model/index.ts";
import { chooseCandidate } from "./choice.ts";
import { type ListSlice, MediaList, windowStart } from "./media-list.ts";
import { OldNumbers } from "./old-numbers.ts";
import { type Asker, liveEdgeRows, type ReadGate } from "./read-gate.ts";

/** What is to be said of a number, and the copy to serve where it is published. */
export interface Look {
  readonly decision: Decision;
  readonly candidate: Candidate | undefined;
  readonly template: Template | undefined;
}

/** What part of a media playlist is wanted: the last so many seconds, or numbers (inclusive; without `to`, all from there). */
export type ListRange = { readonly windowSec: number } | { readonly from: number; readonly to?: number };

export interface MediaPlaylist extends ListSlice {
  readonly maxAgeMs: number;
}

/** How often the store itself is asked for what should be there and is not: its notice may have been lost. */
const OVERDUE_READ_MS = 500;

export interface RenditionReaderOptions {
  readonly kv: Kv;
  readonly view: EventView;
  readonly rendition: string;
  readonly clockToleranceMs: number;
  readonly nowMs: () => number;
  readonly gate: ReadGate;
  /** Told of every read of the rows of old numbers. */
  readonly onReadRows: () => void;
}

/** One rendition as the origin reads it. Methods reject with KvError when the store has to be asked and cannot answer. */
export class RenditionReader {
  readonly view: EventView;
  readonly rendition: string;
  readonly #kv: Kv;
  readonly #clockToleranceMs: number;
  readonly #old: OldNumbers;
  readonly #tail: RenditionTail;
  #list: MediaList | undefined;
  #listVersion = 0;
  #history: Promise<void> | undefined;

  constructor({ kv, view, rendition, clockToleranceMs, nowMs, gate, onReadRows }: RenditionReaderOptions) {
    this.#kv = liveEdgeRows(kv, gate);
    this.view = view;
    this.rendition = rendition;
    this.#clockToleranceMs = clockToleranceMs;
    this.#old = new OldNumbers({ kv, view, rendition, gate, onRead: onReadRows });
    this.#tail = view.tail(rendition);
    this.#tail.onOld = (candidate) => this.#old.apply(candidate);
    this.#tail.subscribe(() => this.#list?.advance(nowMs()));
  }

  /** The answer for one number (interface §4), where memory has it. */
  lookNow(number: number, nowMs: number): Look | undefined {
    const candidates = this.#tail.candidates(number);
    if (candidates.length > 0) return this.#published(number, candidates, nowMs);
    const absent = this.#absent(number, nowMs);
    return this.#isRuledOut(absent, number, nowMs) ? absent : undefined;
  }

  /**
   * The answer for one number (interface §4). Asks the store only for what may be there and is not in memory. Rejects
   * with ReadRefused when it is not to be asked.
   * @param edge who wants to know; see `Asker`
   */
  async look(number: number, nowMs: number, edge = ""): Promise<Look> {
    const known = this.lookNow(number, nowMs);
    if (known !== undefined) return known;
    // What has left the tail does not come back into it.
    if (number >= this.#tail.lowest) {
      await setImmediate(); // Notices that have come in, but were not read yet, come first.
      await this.view.ensureTail(this.rendition, nowMs);
      const isLate = isOverdue(this.template(), number, nowMs);
      if (isLate) await this.view.ensureTailRead(this.rendition, nowMs, OVERDUE_READ_MS);
    }
    const candidates = await this.#candidates(number, nowMs, edge);
    return candidates.length > 0 ? this.#published(number, candidates, nowMs) : this.#absent(number, nowMs);
  }

  /**
   * The media playlist, and the time in ms for which it may be kept. Undefined before there is a timeline.
   * @param skip a delta update will do
   */
  async mediaPlaylist(range: ListRange, nowMs: number, skip = false): Promise<MediaPlaylist | undefined> {
    await this.view.ensureTail(this.rendition, nowMs);
    const template = this.template();
    if (template === undefined) return undefined;
    const newest = this.#tail.highest ?? template.first;
    const fromAt = (last: number) => ("windowSec" in range ? windowFrom(range.windowSec, template, last) : range.from);
    const wanted = fromAt(newest);
    const list = await this.#listFrom(wanted, template, nowMs);
    const keepsFrom = template.last !== undefined && fromAt(template.last) <= Math.max(wanted, list.first);
    const numbers = { from: wanted, keepsFrom, ...("to" in range && range.to !== undefined && { to: range.to }) };
    const slice = list.slice(template, nowMs, numbers, skip);
    const next = (slice.last ?? template.first - 1) + 1;
    const maxAgeMs = slice.ended
      ? 60_000
      : Math.max(500, Math.min(expectedPublishMs(template, next) - nowMs, durationMs(template.duration)));
    return { ...slice, maxAgeMs };
  }

  /** After this moment the rendition is stalled, if nothing comes before; infinite until something has come. */
  stallsAtMs(): number {
    const { event } = this.view;
    const { lastCommitMs } = this.#tail;
    const silentMs = 3 * durationMs(this.template()?.duration ?? event.segmentDuration);
    return lastCommitMs > 0 ? lastCommitMs + silentMs : Number.POSITIVE_INFINITY;
  }

  /** Who reads when this number is asked for. */
  asker(number: number, edge: string): Asker {
    const object = `${this.view.uid}/${this.rendition}/${number}`;
    return { class: this.classOf(number), object, edge };
  }

  /** How urgent a number is: that follows from its place behind the newest. */
  classOf(number: number): ReadClass {
    const { highest } = this.#tail;
    return readClass(highest, number, this.view.event.liveEdgeSegments);
  }

  template(): Template | undefined {
    return templateOf(this.view.event, this.view.shape);
  }

  #published(number: number, candidates: readonly Candidate[], nowMs: number): Look {
    const { event } = this.view;
    const template = this.template();
    const tail = this.#tail;
    const before = [...tail.candidates(number - 1), ...tail.candidates(number - 2)];
    const { candidate, settled, reason } = chooseCandidate(
      event,
      template,
      candidates,
      before,
      nowMs,
      this.#clockToleranceMs,
    );
    const firmness = settled ? "settled" : reason === "least-bad" ? "least-bad" : "unsettled";
    const presence = candidate === undefined ? "masked" : "published";
    return { decision: this.#decide(template, number, nowMs, presence, firmness), candidate, template };
  }

  #absent(number: number, nowMs: number): Look {
    const template = this.template();
    return { decision: this.#decide(template, number, nowMs, "absent"), candidate: undefined, template };
  }

  /** Whether the template, or where the rendition began, says that there is nothing: then nobody is asked. */
  #isRuledOut({ decision, template }: Look, number: number, nowMs: number): boolean {
    if (template === undefined) return false;
    switch (decision.kind) {
      case "before-first":
      case "after-last":
      case "out-of-window":
        return true;
      case "early":
        return numberStartMs(template, number) > nowMs;
      default:
        return number < (this.view.shape.stream(this.rendition)?.firstNumber ?? Number.POSITIVE_INFINITY);
    }
  }

  async #candidates(number: number, nowMs: number, edge: string): Promise<readonly Candidate[]> {
    const tail = this.#tail;
    if (number >= tail.lowest) return tail.candidates(number);
    const template = this.template();
    const finalMs = template === undefined ? nowMs : retryDeadlineMs(template, number);
    return this.#old.candidates(number, nowMs, finalMs, this.asker(number, edge));
  }

  #decide(template: Template | undefined, number: number, nowMs: number, presence: Presence, firmness?: Firmness) {
    const { event } = this.view;
    const { highest } = this.#tail;
    const state = { highest, presence, stalled: nowMs > this.stallsAtMs() };
    return decide(template, state, number, nowMs, {
      liveEdgeSegments: event.liveEdgeSegments,
      clockToleranceMs: this.#clockToleranceMs,
      openFrom: event.timeline === "first-segment" ? this.view.highest + 1 : undefined,
      firmness,
    });
  }

  async #listFrom(wanted: number, template: Template, nowMs: number): Promise<MediaList> {
    const tail = this.#tail;
    const { version } = this.view.event;
    if (this.#list === undefined || this.#listVersion !== version || this.#list.next < tail.lowest) {
      this.#listVersion = version;
      this.#list = this.#newList(Math.max(tail.lowest, this.#oldest(template, nowMs)), template);
    }
    if (Math.max(wanted, this.#oldest(template, nowMs)) < this.#list.first) {
      this.#history ??= this.#loadHistory(template, nowMs).finally(() => {
        this.#history = undefined;
      });
      await this.#history;
    }
    return this.#list;
  }

  #newList(from: number, template: Template): MediaList {
    const { view, rendition } = this;
    return new MediaList({ view, rendition, template, from, clockToleranceMs: this.#clockToleranceMs });
  }

  #oldest(template: Template, nowMs: number): number {
    return Math.max(windowStart(template, nowMs), this.view.shape.stream(this.rendition)?.firstNumber ?? 0);
  }

  /** Replaces the list by one that begins with the DVR window, read from the kv page by page up to the tail. */
  async #loadHistory(template: Template, nowMs: number): Promise<void> {
    const tail = this.#tail;
    const from = this.#oldest(template, nowMs);
    const list = this.#newList(from, template);
    while (list.next < tail.lowest) await this.#readInto(list, list.next, tail.lowest - 1, nowMs);
    this.#list = list;
  }

  /** Numbers `from` to `to`, one bucket at most. */
  async #readInto(list: MediaList, from: number, to: number, nowMs: number): Promise<void> {
    const bucket = bucketOf(from);
    const id = candidatesId(this.view.uid, this.rendition, bucket);
    let before: readonly Candidate[] = [];
    let group: Candidate[] = [];
    const flush = (until: number) => {
      while (list.next < until) list.setHistory(list.next, [], [], nowMs);
      if (group.length > 0) list.setHistory(until, group, before, nowMs);
      before = [...group, ...before].filter((candidate) => candidate.number >= until - 1);
      group = [];
    };
    for await (const row of rowsOf(this.#kv, this.view.event.retention, id, {
      from: numberKey(from),
      to: numberKeyEnd(to),
    })) {
      const candidate = candidateOf(row);
      if (group.length > 0 && group[0]!.number !== candidate.number) flush(group[0]!.number);
      group.push(candidate);
    }
    if (group.length > 0) flush(group[0]!.number);
    const end = Math.min(to, (bucket + 1) * BUCKET_NUMBERS - 1);
    while (list.next <= end) list.setHistory(list.next, [], [], nowMs);
  }
}

function isOverdue(template: Template | undefined, number: number, nowMs: number): boolean {
  return template !== undefined && nowMs > expectedPublishMs(template, number) + OVERDUE_READ_MS;
}

/** The first of the numbers that fill so many seconds up to `last`. */
function windowFrom(windowSec: number, template: Template, last: number): number {
  return last - Math.max(1, Math.ceil((windowSec * 1000) / durationMs(template.duration))) + 1;
}
