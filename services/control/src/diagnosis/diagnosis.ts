import { diagnose, type Finding } from "@headwater/diagnosis";
import type { EventView } from "@headwater/segment-store/catalog";
import { feedOf } from "./feed.ts";

export interface Diagnosis {
  readonly atMs: number;
  /** Worst first. */
  readonly findings: readonly Finding[];
}

/** Looks at an event's feed as it is now. Rejects with KvError when that would have to be read and cannot. */
export async function diagnosisOf(view: EventView, nowMs: number): Promise<Diagnosis> {
  await view.ensureShape(nowMs);
  await Promise.all(view.shape.all("stream").map(({ rendition }) => view.ensureTail(rendition, nowMs)));
  return { atMs: nowMs, findings: diagnose(feedOf(view), nowMs) };
}
