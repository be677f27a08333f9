import { type Kv, rowsOf } from "@headwater/kv";
import type { EventView } from "../catalog/index.ts";
import {
  BUCKET_NUMBERS,
  bucketOf,
  type Candidate,
  candidateOf,
  candidatesId,
  numberKey,
  numberKeyEnd,
} from "../model/index.ts";
import type { MediaList } from "./media-list.ts";

export interface HistoryOptions {
  readonly kv: Kv;
  readonly view: EventView;
  readonly rendition: string;
  /** All candidates of a number of which `here` are in the kv. */
  readonly allOf: (number: number, here: readonly Candidate[], nowMs: number) => Promise<readonly Candidate[]>;
}

/** Puts the list's next number, and those after it up to `to`, one bucket at most, in for good. Rejects with KvError. */
export async function readHistory(options: HistoryOptions, list: MediaList, to: number, nowMs: number): Promise<void> {
  const { kv, view, rendition, allOf } = options;
  const from = list.next;
  const bucket = bucketOf(from);
  let before: readonly Candidate[] = [];
  let group: Candidate[] = [];
  const fill = async (until: number) => {
    while (list.next < until) list.setHistory(list.next, await allOf(list.next, [], nowMs), before, nowMs);
  };
  const flush = async (until: number) => {
    await fill(until);
    const all = await allOf(until, group, nowMs);
    list.setHistory(until, all, before, nowMs);
    before = [...all, ...before].filter((candidate) => candidate.number >= until - 1);
    group = [];
  };
  const query = { from: numberKey(from), to: numberKeyEnd(to) };
  for await (const row of rowsOf(kv, view.event.retention, candidatesId(view.uid, rendition, bucket), query)) {
    const candidate = candidateOf(row);
    if (group.length > 0 && group[0]!.number !== candidate.number) await flush(group[0]!.number);
    group.push(candidate);
  }
  if (group.length > 0) await flush(group[0]!.number);
  await fill(Math.min(to, (bucket + 1) * BUCKET_NUMBERS - 1) + 1);
}
