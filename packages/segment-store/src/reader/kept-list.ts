import type { Kv } from "@headwater/kv";
import type { Template } from "@headwater/timeline";
import type { Candidate } from "../model/index.ts";
import type { ChoiceScope } from "./choice.ts";
import { readHistory } from "./history.ts";
import type { HomeNumbers } from "./home-numbers.ts";
import { MediaList, windowStart } from "./media-list.ts";

/** Numbers at the lower end of the tail that can wait no longer for the home. */
const LEAVING_NUMBERS = 4;
/** A list that may show a gap where the home has a copy is made anew after this time. */
const DOUBTED_LIST_MS = 30_000;

export interface KeptListOptions extends ChoiceScope {
  readonly kv: Kv;
  readonly home: HomeNumbers | undefined;
}

/** The list of a rendition as it is kept from one reader to the next, and made anew when it no longer holds. */
export class KeptList {
  readonly #options: KeptListOptions;
  #list: MediaList | undefined;
  #untilMs = Number.POSITIVE_INFINITY;
  #history: Promise<void> | undefined;

  constructor(options: KeptListOptions) {
    this.#options = options;
  }

  /** Takes in what the tail has by now and can no longer change. */
  advance(nowMs: number): void {
    this.#list?.advance(nowMs);
  }

  /** A list that begins with `wanted`, or with the oldest number there is. Rejects with KvError when it has to be read and cannot. */
  async from(wanted: number, template: Template, nowMs: number): Promise<MediaList> {
    const first = Math.max(wanted, this.#oldest(template, nowMs));
    const list = this.#current(template, nowMs);
    if (first >= list.first) return list;
    await this.#loadOnce(template, nowMs);
    // Masked while it was read: the numbers before that show what is no longer to be shown.
    if (this.#list?.isCurrent === false) await this.#loadOnce(template, nowMs);
    return this.#current(template, nowMs);
  }

  #current(template: Template, nowMs: number): MediaList {
    const { lowest } = this.#tail;
    if (this.#list?.isCurrent && nowMs < this.#untilMs && this.#list.next >= lowest) return this.#list;
    this.#untilMs = Number.POSITIVE_INFINITY;
    this.#list = this.#newList(Math.max(lowest, this.#oldest(template, nowMs)), template);
    return this.#list;
  }

  #newList(from: number, template: Template): MediaList {
    const { view, rendition, clockToleranceMs, home } = this.#options;
    const isWhole = (number: number, nowMs: number) =>
      home === undefined || home.isWhole(number) || this.#mustBeListed(number, nowMs);
    return new MediaList({ view, rendition, template, from, clockToleranceMs, isWhole });
  }

  /** A number that leaves the tail goes into the list as it is, and the list is made anew after a while. */
  #mustBeListed(number: number, nowMs: number): boolean {
    if (number >= this.#tail.lowest + LEAVING_NUMBERS) return false;
    this.#doubt(nowMs);
    return true;
  }

  #doubt(nowMs: number): void {
    this.#untilMs = Math.min(this.#untilMs, nowMs + DOUBTED_LIST_MS);
  }

  #oldest(template: Template, nowMs: number): number {
    const { view, rendition } = this.#options;
    return Math.max(windowStart(template, nowMs), view.shape.stream(rendition)?.firstNumber ?? 0);
  }

  #loadOnce(template: Template, nowMs: number): Promise<void> {
    this.#history ??= this.#load(template, nowMs).finally(() => {
      this.#history = undefined;
    });
    return this.#history;
  }

  /** Replaces the list by one that begins with the DVR window, read from the kv page by page up to the tail. */
  async #load(template: Template, nowMs: number): Promise<void> {
    const list = this.#newList(this.#oldest(template, nowMs), template);
    const options = { ...this.#options, allOf: this.#allOf.bind(this) };
    let before: readonly Candidate[] = [];
    while (list.next < this.#tail.lowest) {
      before = await readHistory(options, list, this.#tail.lowest - 1, before, nowMs);
    }
    this.#list = list;
  }

  /** All candidates of an old number, where `here` may not have got everything yet. */
  async #allOf(number: number, here: readonly Candidate[], nowMs: number): Promise<readonly Candidate[]> {
    const { home, view } = this.#options;
    if (home === undefined || (here.length > 0 && view.event.pipelines.length === 1)) return here;
    try {
      const found = await home.candidates(number, nowMs);
      return found.length > 0 ? found : here;
    } catch {
      this.#doubt(nowMs);
      return here;
    }
  }

  get #tail() {
    return this.#options.view.tail(this.#options.rendition);
  }
}
