import { type Kv, rowsOf } from "@headwater/kv";
import { type EventView, NUMBERS_BEFORE } from "../catalog/index.ts";
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

/**
 * Puts the list's next number, and those after it up to `to`, one bucket at most, in for good. Rejects with KvError.
 * @param before candidates of the numbers just before; resolves to those that the next call is to be given
 */
export async function readHistory(
  options: HistoryOptions,
  list: MediaList,
  to: number,
  before: readonly Candidate[],
  nowMs: number,
): Promise<readonly Candidate[]> {
  const { kv, view, rendition, allOf } = options;
  const from = list.next;
  const bucket = bucketOf(from);
  let last = before;
  let group: Candidate[] = [];
  const fill = async (until: number) => {
    while (list.next < until) list.setHistory(list.next, await allOf(list.next, [], nowMs), last, nowMs);
  };
  const flush = async (until: number) => {
    await fill(until);
    const all = await allOf(until, group, nowMs);
    last = last.filter((candidate) => candidate.number >= until - NUMBERS_BEFORE);
    list.setHistory(until, all, last, nowMs);
    last = [...all, ...last];
    group = [];
  };
  const query = { from: numberKey(Math.max(from - NUMBERS_BEFORE, bucket * BUCKET_NUMBERS)), to: numberKeyEnd(to) };
  for await (const row of rowsOf(kv, view.event.retention, candidatesId(view.uid, rendition, bucket), query)) {
    const candidate = candidateOf(row);
    if (candidate.number < from) {
      last = [...last, candidate];
      continue;
    }
    if (group.length > 0 && group[0]!.number !== candidate.number) await flush(group[0]!.number);
    group.push(candidate);
  }
  if (group.length > 0) await flush(group[0]!.number);
  await fill(Math.min(to, (bucket + 1) * BUCKET_NUMBERS - 1) + 1);
  return last;
}
