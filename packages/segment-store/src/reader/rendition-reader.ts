import { setImmediate } from "node:timers/promises";
import type { HomeKv, Kv } from "@headwater/kv";
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
import type { Candidate } from "../model/index.ts";
import { type ChoiceScope, type Copies, chooseCandidate, isOnlyCopy } from "./choice.ts";
import { HomeNumbers } from "./home-numbers.ts";
import { KeptList } from "./kept-list.ts";
import type { ListSlice } from "./media-list.ts";
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
const SECOND_MS = 1000;

export interface RenditionReaderOptions {
  readonly kv: Kv;
  readonly home?: HomeKv | undefined;
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
  readonly #scope: ChoiceScope;
  readonly #old: OldNumbers;
  readonly #tail: RenditionTail;
  /** What the home has of numbers past their deadline; undefined where the kv is where writes are acknowledged. */
  readonly #home: HomeNumbers | undefined;
  readonly #list: KeptList;

  constructor({ kv, home, view, rendition, clockToleranceMs, nowMs, gate, onReadRows }: RenditionReaderOptions) {
    this.view = view;
    this.rendition = rendition;
    this.#scope = { view, rendition, clockToleranceMs };
    const common = { view, rendition, gate, onRead: onReadRows };
    this.#old = new OldNumbers({ ...common, kv, end: () => view.tail(rendition).lowest });
    const asker = (number: number, edge: string) => this.asker(number, edge);
    this.#home = home && new HomeNumbers({ ...common, home, clockToleranceMs, asker });
    this.#tail = view.tail(rendition);
    this.#tail.onOld = (candidate) => this.#old.apply(candidate);
    this.#list = new KeptList({ ...this.#scope, kv: liveEdgeRows(kv, gate), home: this.#home });
    this.#tail.subscribe(() => this.#list.advance(nowMs()));
  }

  /** The answer for one number (interface §4), where memory has it. */
  lookNow(number: number, nowMs: number): Look | undefined {
    if (this.#tail.candidates(number).length > 0) {
      return this.view.masks.isHeld(nowMs) ? this.#published(number, this.#tailCopies(number), nowMs) : undefined;
    }
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
    const there = this.#tailCopies(number);
    if (there.candidates.length > 0) return this.#whereMasksAreKnown(number, there, nowMs);
    // What has left the tail does not come back into it.
    if (number >= this.#tail.lowest) {
      await setImmediate(); // Notices that have come in, but were not read yet, come first.
      await this.view.ensureTail(this.rendition, nowMs);
      const isLate = isOverdue(this.template(), number, nowMs);
      if (isLate) await this.view.ensureTailRead(this.rendition, nowMs, OVERDUE_READ_MS);
    }
    const copies = await this.#copies(number, nowMs, edge);
    if (copies.candidates.length > 0) return this.#whereMasksAreKnown(number, copies, nowMs);
    const absent = this.#absent(number, nowMs);
    if (absent.decision.kind !== "gone" || this.#home === undefined) return absent;
    const missed = await this.#home.candidates(number, nowMs, edge);
    if (missed.length === 0) return absent;
    return this.#whereMasksAreKnown(number, { ...copies, candidates: missed }, nowMs);
  }

  /**
   * The media playlist, and the time in ms for which it may be kept. Undefined before there is a timeline.
   * @param skip a delta update will do
   */
  async mediaPlaylist(range: ListRange, nowMs: number, skip = false): Promise<MediaPlaylist | undefined> {
    await this.view.ensureTail(this.rendition, nowMs);
    await this.view.masks.ensure(nowMs);
    const template = this.template();
    if (template === undefined) return undefined;
    const newest = this.#tail.highest ?? template.first;
    const fromAt = (last: number) => ("windowSec" in range ? windowFrom(range.windowSec, template, last) : range.from);
    const wanted = fromAt(newest);
    const list = await this.#list.from(wanted, template, nowMs);
    await this.#home?.askForList(list.next, nowMs);
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

  async #whereMasksAreKnown(number: number, copies: Copies, nowMs: number): Promise<Look> {
    await this.view.masks.ensure(nowMs);
    return this.#published(number, copies, nowMs);
  }

  #published(number: number, copies: Copies, nowMs: number): Look {
    const { event } = this.view;
    const template = this.template();
    const { candidate, settled, reason } = chooseCandidate(this.#scope, template, copies, nowMs);
    const isFinal = settled && (isOnlyCopy(event, { reason }) || this.#isWhole(number));
    if (settled && !isFinal) this.#home?.askLater(number, nowMs);
    const firmness = isFinal ? "settled" : reason === "least-bad" ? "least-bad" : "unsettled";
    const presence = candidate === undefined ? "masked" : "published";
    return { decision: this.#decide(template, number, nowMs, presence, firmness), candidate, template };
  }

  #absent(number: number, nowMs: number): Look {
    const template = this.template();
    const told = this.#decide(template, number, nowMs, "absent");
    // Where the event begins may have been moved, and not be known here yet.
    const isToldElsewhere = told.kind === "before-first" && this.#home !== undefined;
    const decision = isToldElsewhere ? { ...told, untilMs: Math.min(told.untilMs, nowMs + SECOND_MS) } : told;
    return { decision, candidate: undefined, template };
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
      case "gone":
        return this.#home === undefined && this.#isBeforeRendition(number);
      default:
        return this.#isBeforeRendition(number);
    }
  }

  #isBeforeRendition(number: number): boolean {
    return number < (this.view.shape.stream(this.rendition)?.firstNumber ?? Number.POSITIVE_INFINITY);
  }

  /** Whether nothing of a number can be on its way from where it was acknowledged. */
  #isWhole(number: number): boolean {
    return this.#home?.isWhole(number) ?? true;
  }

  #tailCopies(number: number): Copies {
    return { candidates: this.#tail.candidates(number), before: this.#tail.before(number) };
  }

  async #copies(number: number, nowMs: number, edge: string): Promise<Copies> {
    if (number >= this.#tail.lowest) return this.#tailCopies(number);
    const template = this.template();
    const finalMs = template === undefined ? nowMs : retryDeadlineMs(template, number);
    return this.#old.copies(number, nowMs, finalMs, this.asker(number, edge));
  }

  #decide(template: Template | undefined, number: number, nowMs: number, presence: Presence, firmness?: Firmness) {
    const { event } = this.view;
    const { highest } = this.#tail;
    const state = { highest, presence, stalled: nowMs > this.stallsAtMs() };
    return decide(template, state, number, nowMs, {
      liveEdgeSegments: event.liveEdgeSegments,
      clockToleranceMs: this.#scope.clockToleranceMs,
      openFrom: event.timeline === "first-segment" ? this.view.highest + 1 : undefined,
      firmness,
    });
  }
}

function isOverdue(template: Template | undefined, number: number, nowMs: number): boolean {
  return template !== undefined && nowMs > expectedPublishMs(template, number) + OVERDUE_READ_MS;
}

/** The first of the numbers that fill so many seconds up to `last`. */
function windowFrom(windowSec: number, template: Template, last: number): number {
  return last - Math.max(1, Math.ceil((windowSec * 1000) / durationMs(template.duration))) + 1;
}
