import type { Look, RenditionReader } from "@headwater/segment-store/reader";
import { expectedPublishMs } from "@headwater/timeline";
import type { Directory, FoundRendition } from "../directory.ts";
import type { HeldObject, Verdict } from "./held-object.ts";
import type { News } from "./news.ts";
import { overdueLookMs } from "./overdue.ts";

/** Whether a request that has just come in waits: for the next number, or for a copy without defects. */
export function waitsFor(look: Look, rendition: RenditionReader, number: number, nowMs: number): boolean {
  const { kind } = look.decision;
  return (kind === "hold" || kind === "published") && "againAtMs" in verdictOf(look, rendition, number, nowMs);
}

/**
 * What a look means for those who wait (interface §4 "Hold", §5). They go on waiting when the number has turned into a
 * hole, was masked or moved on: a copy may still come in their time.
 */
export function verdictOf(look: Look, rendition: RenditionReader, number: number, nowMs: number): Verdict {
  const { decision, template } = look;
  switch (decision.kind) {
    case "published": {
      const { graceMs } = rendition.view.event;
      const graceEndsMs = template === undefined ? nowMs : expectedPublishMs(template, number) + graceMs;
      return isDefective(look) && nowMs < graceEndsMs ? { againAtMs: graceEndsMs } : { end: "published" };
    }
    case "hold":
    case "hole":
    case "early":
    case "masked": {
      const stallsAtMs = rendition.stallsAtMs();
      const stalledMs = nowMs <= stallsAtMs ? stallsAtMs + 1 : Number.POSITIVE_INFINITY;
      return { againAtMs: Math.min(stalledMs, overdueLookMs(template, number, nowMs)) };
    }
    case "stalled":
      return { end: "stalled" };
    case "after-last":
      return { end: "ended" };
    case "before-first":
    case "out-of-window":
    case "gone":
      return { end: "deadline" };
  }
}

/** A number of a rendition, as requests wait for it. */
export function heldSegment(directory: Directory, news: News, found: FoundRendition, number: number): HeldObject {
  const { event, view, rendition } = found;
  return {
    key: `${event.uid}/${rendition.rendition}/${number}`,
    subscribe: (wake) => news.subscribe(view, rendition.rendition, wake),
    async verdict(nowMs) {
      if (!directory.isPresent(event)) return { end: "ended" };
      return verdictOf(await rendition.look(number, nowMs), rendition, number, nowMs);
    },
  };
}

function isDefective({ candidate }: Look): boolean {
  return candidate !== undefined && candidate.report.defects.length > 0;
}
