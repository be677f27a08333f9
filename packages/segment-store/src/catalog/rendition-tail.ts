import type { Candidate } from "../model/candidate.ts";

/** Numbers of which full records stay in memory. */
export const TAIL_NUMBERS = 64;

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
  /** Called with the numbers that leave, before they do. */
  onRetire: (number: number, candidates: readonly Candidate[]) => void = () => {};
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
    return this.#numbers.get(number) ?? [];
  }

  apply(candidate: Candidate): void {
    this.#lastCommitMs = Math.max(this.#lastCommitMs, candidate.stampMs);
    this.#advance(candidate);
    if (candidate.number < this.lowest) {
      this.onOld(candidate);
      return;
    }
    const there = this.#numbers.get(candidate.number) ?? [];
    const others = there.filter((known) => known.ref.nonce !== candidate.ref.nonce);
    this.#numbers.set(candidate.number, [...others, candidate]);
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
    const retired = [...this.#numbers.keys()].filter((known) => known < this.lowest).sort((a, b) => a - b);
    for (const old of retired) {
      this.onRetire(old, this.candidates(old));
      this.#numbers.delete(old);
    }
  }
}
