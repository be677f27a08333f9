import type { HomeKv } from "@headwater/kv";
import { numberAt, retryDeadlineMs } from "@headwater/timeline";
import { type EventView, templateOf } from "../catalog/index.ts";
import type { Candidate } from "../model/index.ts";
import { OldNumbers } from "./old-numbers.ts";
import type { Asker, ReadGate } from "./read-gate.ts";

export interface HomeNumbersOptions {
  readonly home: HomeKv;
  readonly view: EventView;
  readonly rendition: string;
  readonly clockToleranceMs: number;
  readonly gate: ReadGate;
  readonly asker: (number: number, edge: string) => Asker;
  /** Told of every read. */
  readonly onRead: () => void;
}

/**
 * One rendition's numbers past their deadline, as the store has them in which writes are acknowledged. Who reads
 * another one asks here before anything is said for good: that a number never came, or which of several copies it is.
 */
export class HomeNumbers {
  readonly #options: HomeNumbersOptions;
  readonly #numbers: OldNumbers;

  constructor(options: HomeNumbersOptions) {
    const { home, view, rendition, gate, onRead } = options;
    this.#options = options;
    this.#numbers = new OldNumbers({
      kv: home,
      view,
      rendition,
      // How fast the home answers says nothing of the store, and it has limits of its own.
      gate: {
        check: (asker) => gate.check(asker),
        promise: (asker) => gate.promise(asker),
        admit: (asker, what) => gate.admit(asker, what),
        read: (_tier, _asker, act) => act(),
      },
      onRead,
      end: (nowMs) => this.#end(nowMs),
    });
  }

  /** Whether nothing of a number can still be on its way: the home was asked after its deadline. */
  isWhole(number: number): boolean {
    return this.#numbers.wasRead(number);
  }

  /** What the home has, taken into the tail or the old numbers. Rejects with KvError or ReadRefused. */
  async candidates(number: number, nowMs: number, edge = ""): Promise<readonly Candidate[]> {
    const { view, rendition, asker } = this.#options;
    const template = templateOf(view.event, view.shape);
    const finalMs = template === undefined ? nowMs : retryDeadlineMs(template, number);
    const { candidates: found } = await this.#numbers.copies(number, nowMs, finalMs, asker(number, edge));
    for (const candidate of found) view.tail(rendition).apply(candidate);
    return found;
  }

  /** In the background, once the deadline has passed: who asks for the number later is told more. */
  askLater(number: number, nowMs: number): void {
    if (number < this.#end(nowMs)) this.candidates(number, nowMs).catch(() => {}); // Then it is asked again.
  }

  /** Asks for what a list that goes on at `from` is about to show for good. */
  async askForList(from: number, nowMs: number): Promise<void> {
    const { view, rendition } = this.#options;
    const tail = view.tail(rendition);
    const end = Math.min(this.#end(nowMs), (tail.highest ?? -1) + 1);
    try {
      for (let number = Math.max(from, tail.lowest); number < end; number += 1) {
        const isThere = tail.candidates(number).some(({ report }) => report.defects.length === 0);
        const mayGrow = !isThere || view.event.pipelines.length > 1;
        if (mayGrow && !this.isWhole(number)) await this.candidates(number, nowMs);
      }
    } catch {
      // What is missing is a gap for now, and asked for again with the next list.
    }
  }

  /** Numbers below it are past their deadline by every clock. */
  #end(nowMs: number): number {
    const { view, clockToleranceMs } = this.#options;
    const template = templateOf(view.event, view.shape);
    if (template === undefined) return 0;
    return numberAt(template, nowMs - clockToleranceMs - template.publishDelayMs - template.retryDeadlineMs);
  }
}
