import type { Candidate } from "../model/candidate.ts";

/** Numbers of which full records stay in memory. */
export const TAIL_NUMBERS = 64;
/** Who published one of so many numbers before counts in the choice of a number (interface §5). */
export const NUMBERS_BEFORE = 2;

/** Where one pipeline stands in a rendition. */
export interface PipelineProgress {
  readonly run: number;
  /** Highest number of that run. */
  readonly highest: number;
  readonly lastCommitMs: number;
}

/** The newest numbers of one rendition with all their candidates. Rows may come in any order and more than once. */
export class RenditionTail {
  readonly rendition: string;
  readonly #numbers = new Map<number, Candidate[]>();
  readonly #listeners = new Set<(candidate: Candidate) => void>();
  readonly #progress = new Map<string, PipelineProgress>();
  #highest: number | undefined;
  #lastCommitMs = 0;
  /** Called with candidates of numbers that are no longer here. */
  onOld: (candidate: Candidate) => void = () => {};

  constructor(rendition: string) {
    this.rendition = rendition;
  }

  /** Highest number published, undefined while there is none. */
  get highest(): number | undefined {
    return this.#highest;
  }

  /** Numbers below it are no longer here. */
  get lowest(): number {
    return this.#highest === undefined ? 0 : Math.max(0, this.#highest - TAIL_NUMBERS + 1);
  }

  /** When the newest row was written; 0 if none is known. */
  get lastCommitMs(): number {
    return this.#lastCommitMs;
  }

  /** Of the newest run that the pipeline has published in; undefined if it has published nothing. */
  progress(pipeline: string): PipelineProgress | undefined {
    return this.#progress.get(pipeline);
  }

  candidates(number: number): readonly Candidate[] {
    return number < this.lowest ? [] : (this.#numbers.get(number) ?? []);
  }

  /** Of the numbers just before one that is here, also where they are no longer here themselves. */
  before(number: number): readonly Candidate[] {
    const before: Candidate[] = [];
    for (let back = 1; back <= NUMBERS_BEFORE; back += 1) before.push(...(this.#numbers.get(number - back) ?? []));
    return before;
  }

  apply(candidate: Candidate): void {
    this.#lastCommitMs = Math.max(this.#lastCommitMs, candidate.stampMs);
    this.#advance(candidate);
    const isOld = candidate.number < this.lowest;
    if (isOld) this.onOld(candidate);
    if (candidate.number < this.#lowestKept) return;
    const there = this.#numbers.get(candidate.number) ?? [];
    const others = there.filter((known) => known.ref.nonce !== candidate.ref.nonce);
    this.#numbers.set(candidate.number, [...others, candidate]);
    if (isOld) return;
    if (this.#highest === undefined || candidate.number > this.#highest) this.#rise(candidate.number);
    for (const listener of this.#listeners) listener(candidate);
  }

  /** Hears of every candidate that comes; returns how to stop. */
  subscribe(listener: (candidate: Candidate) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #advance({ pipeline, run, number, stampMs }: Candidate): void {
    const before = this.#progress.get(pipeline);
    const lastCommitMs = Math.max(stampMs, before?.lastCommitMs ?? 0);
    if (before === undefined || run > before.run) this.#progress.set(pipeline, { run, highest: number, lastCommitMs });
    else {
      const highest = run === before.run ? Math.max(number, before.highest) : before.highest;
      this.#progress.set(pipeline, { run: before.run, highest, lastCommitMs });
    }
  }

  #rise(number: number): void {
    this.#highest = number;
    for (const known of this.#numbers.keys()) if (known < this.#lowestKept) this.#numbers.delete(known);
  }

  get #lowestKept(): number {
    return Math.max(0, this.lowest - NUMBERS_BEFORE);
  }
}
