import type { MediaPlaylist } from "@headwater/segment-store/reader";
import { durationMs, retryDeadlineMs, type Template } from "@headwater/timeline";
import type { Directory, FoundRendition } from "../directory.ts";
import type { HeldObject } from "./held-object.ts";
import type { News } from "./news.ts";
import { overdueLookMs } from "./overdue.ts";

/** What a playlist is asked with to learn how far it goes. */
const SHORTEST = { windowSec: 1 };
/** RFC 8216bis §6.2.5.2: a request that blocks for longer is answered 503. */
const TARGET_DURATIONS = 3;
/** Edges and players wait some 10 s for a first byte: with long segments an answer has to come before. */
const LONGEST_BLOCK_MS = 8000;
/** How far ahead of a list a blocking reload may ask. */
const REACH_NUMBERS = 2;

/** What a blocking reload comes to: answered with the list, made to wait, or refused as asking for too much. */
export function reloadOf(list: MediaPlaylist | undefined, msn: number | undefined): "answer" | "wait" | "refuse" {
  if (msn === undefined || list?.last === undefined || list.ended || list.last >= msn) return "answer";
  return msn > list.last + REACH_NUMBERS ? "refuse" : "wait";
}

export function longestBlockMs({ duration }: Template): number {
  return Math.min(TARGET_DURATIONS * durationMs(duration), LONGEST_BLOCK_MS);
}

/** A rendition's playlist that goes up to a number, as requests wait for it. */
export function heldPlaylist(directory: Directory, news: News, found: FoundRendition, msn: number): HeldObject {
  const { event, view, rendition } = found;
  return {
    key: `${event.uid}/${rendition.rendition}/list/${msn}`,
    subscribe: (wake) => news.subscribe(view, rendition.rendition, wake),
    async verdict(nowMs) {
      if (!directory.isPresent(event)) return { end: "ended" };
      const list = await rendition.mediaPlaylist(SHORTEST, nowMs);
      if (list?.last === undefined || reloadOf(list, msn) === "answer") {
        return { end: list?.ended ? "ended" : "published" };
      }
      const next = list.last + 1;
      // Asks the store for a number that is late.
      await rendition.look(next, nowMs);
      const template = rendition.template();
      const givenUpMs = template === undefined ? nowMs : retryDeadlineMs(template, next);
      const listedAsGapMs = nowMs < givenUpMs ? givenUpMs : Number.POSITIVE_INFINITY;
      return { againAtMs: Math.min(listedAsGapMs, overdueLookMs(template, next, nowMs)) };
    },
  };
}
