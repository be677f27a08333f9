import { singleFlight } from "@headwater/cache";
import type { HomeKv } from "@headwater/kv";
import { LRUCache } from "lru-cache";
import { type EventView, NUMBERS_BEFORE } from "../catalog/index.ts";
import { bucketOf, type Candidate, candidateOf, candidatesId, numberKey, numberKeyEnd } from "../model/index.ts";
import type { Copies } from "./choice.ts";
import type { Asker, ReadGate } from "./read-gate.ts";

/** Numbers read at once, aligned: a bucket's size is a multiple of it, and a viewer who goes back wants the next ones. */
const GROUP_NUMBERS = 32;
/** Groups kept for the next reader. */
const GROUPS = 32;
/** Groups of which it is remembered that they were read. */
const READ_GROUPS = 4096;
/** More than 32 numbers of eight pipelines have, but for some that were sent again and again. */
const MAX_ROWS = 1000;
/** What is expected to change is read again after this time. */
const UNSETTLED_MS = 500;
/** And what is not there, though nobody expects it any more, after this: nobody tells of it where there are no notices. */
const ABSENT_MS = 10_000;

interface Group {
  /** Of its numbers and of those just before them. */
  readonly candidates: Map<number, readonly Candidate[]>;
  /** Of its numbers it has those below: the others were not old when it was read, or did not fit. */
  readonly end: number;
  readonly readMs: number;
}

export interface OldNumbersOptions {
  readonly kv: Pick<HomeKv, "range">;
  readonly view: EventView;
  readonly rendition: string;
  readonly gate: ReadGate;
  /** Numbers from here on are not old, and not kept. */
  readonly end: (nowMs: number) => number;
  /** Told of every read. */
  readonly onRead: () => void;
}

/** The candidates of numbers of which no more are expected to come: read from the kv in groups, and kept. */
export class OldNumbers {
  readonly #options: OldNumbersOptions;
  readonly #groups = new LRUCache<number, Group>({ max: GROUPS });
  /** The `end` that each group had when it was read. */
  readonly #ends = new LRUCache<number, number>({ max: READ_GROUPS });
  readonly #reads = singleFlight<string, Group>();

  constructor(options: OldNumbersOptions) {
    this.#options = options;
  }

  /**
   * Of an old number and those before it. Rejects with KvError when the store has to be asked and cannot answer, with
   * ReadRefused when it is not to be asked.
   * @param finalMs until when candidates may still come: what was read before is not believed for long
   */
  async copies(number: number, nowMs: number, finalMs: number, asker: Asker): Promise<Copies> {
    const first = number - (number % GROUP_NUMBERS);
    let group = this.#groups.get(first);
    if (group === undefined || number >= group.end || nowMs >= rereadMs(group, number, finalMs)) {
      const end = Math.min(first + GROUP_NUMBERS, this.#options.end(nowMs));
      if (number >= end) return this.#alone(number, nowMs, asker);
      group = await this.#read(first, end, nowMs, asker);
      this.#groups.set(first, group);
      this.#ends.set(first, group.end);
    }
    // It was under way before this number was old, or did not fit.
    if (number >= group.end) return this.#alone(number, nowMs, asker);
    return copiesIn(group, number);
  }

  async #alone(number: number, nowMs: number, asker: Asker): Promise<Copies> {
    return copiesIn(await this.#read(number, number + 1, nowMs, asker), number);
  }

  /** Whether a number was old when it was last read, however long ago. */
  wasRead(number: number): boolean {
    return number < (this.#ends.get(number - (number % GROUP_NUMBERS)) ?? 0);
  }

  /** A candidate that has come late. */
  apply(candidate: Candidate): void {
    const { number, ref } = candidate;
    const firsts = new Set([number, number + NUMBERS_BEFORE].map((one) => one - (one % GROUP_NUMBERS)));
    for (const first of firsts) {
      const group = this.#groups.peek(first);
      if (group === undefined || number >= group.end) continue;
      const there = group.candidates.get(number) ?? [];
      if (!there.some((known) => known.ref.nonce === ref.nonce)) group.candidates.set(number, [...there, candidate]);
    }
  }

  /** Numbers from `first` to before `end`. */
  async #read(first: number, end: number, nowMs: number, asker: Asker): Promise<Group> {
    const giveBack = this.#options.gate.promise(asker);
    try {
      return await this.#readOnce(first, end, nowMs, asker);
    } finally {
      giveBack();
    }
  }

  #readOnce(first: number, end: number, nowMs: number, asker: Asker): Promise<Group> {
    const { kv, view, rendition, gate, onRead } = this.#options;
    const range = (from: number, to: number) =>
      gate.read("store", asker, () => {
        onRead();
        const id = candidatesId(view.uid, rendition, bucketOf(from));
        return kv.range(view.event.retention, id, { from: numberKey(from), to: numberKeyEnd(to), limit: MAX_ROWS });
      });
    return this.#reads.run(`${first}-${end}`, async () => {
      gate.admit(asker, "rows");
      const before = Math.max(0, first - NUMBERS_BEFORE);
      const isCut = bucketOf(before) !== bucketOf(first);
      const { rows, more } = await range(isCut ? first : before, end - 1);
      const counts = isCut && view.event.pipelines.length > 1;
      const others = counts ? (await range(before, first - 1)).rows : [];
      const read = [...others, ...rows].map(candidateOf);
      const candidates = Map.groupBy(read, ({ number }) => number);
      const last = read.at(-1)?.number ?? first;
      return { candidates, end: more ? Math.max(last, first + 1) : end, readMs: nowMs };
    });
  }
}

function copiesIn({ candidates }: Group, number: number): Copies {
  const of = (one: number) => candidates.get(one) ?? [];
  return { candidates: of(number), before: [...of(number - 1), ...of(number - 2)] };
}

function rereadMs({ candidates, readMs }: Group, number: number, finalMs: number): number {
  if (readMs < finalMs) return readMs + UNSETTLED_MS;
  return candidates.has(number) ? Number.POSITIVE_INFINITY : readMs + ABSENT_MS;
}
