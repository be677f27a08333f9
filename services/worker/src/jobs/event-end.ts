import { type Catalog, closesAtMs } from "@headwater/segment-store/catalog";
import type { EventRecord } from "@headwater/segment-store/model";
import type { Logger } from "@headwater/service-kit";
import type { Job } from "./job.ts";

/** An event that closed longer ago was reported by a process before this one. */
const RECENT_MS = 10 * 60_000;

/**
 * Reports, once, an ended event of which nothing more can come, with the renditions that lack its last number. Changes
 * nothing: that it is closed follows from its row and the time.
 */
export function eventEnd(catalog: Catalog, logger: Logger): Job {
  let reported: ReadonlySet<string> = new Set();
  return {
    name: "event-end",
    everyMs: 30_000,
    firstAfterMs: 15_000,
    deadlineMs: 25_000,
    async run(nowMs, signal) {
      let [closed, incomplete] = [0, 0];
      const ended = catalog.events().filter((event) => event.end !== undefined);
      const done = new Set<string>(ended.map(({ uid }) => uid).filter((uid) => reported.has(uid)));
      for (const event of ended) {
        signal.throwIfAborted();
        if (done.has(event.uid) || !(await hasClosed(catalog, event, nowMs))) continue;
        const lacking = await lackingLast(catalog, event);
        logger.info({ event: event.id, lastNumber: event.end?.lastNumber, lacking }, "an event has closed");
        done.add(event.uid);
        closed += 1;
        if (lacking.length > 0) incomplete += 1;
      }
      reported = done;
      return { closed, incomplete };
    },
  };
}

async function hasClosed(catalog: Catalog, event: EventRecord, nowMs: number): Promise<boolean> {
  const view = catalog.view(event);
  await view.ensureShape(nowMs);
  const closedAtMs = closesAtMs(event, view.shape);
  return closedAtMs !== undefined && closedAtMs <= nowMs && nowMs - closedAtMs < RECENT_MS;
}

/** The renditions whose newest number is below the last. */
async function lackingLast(catalog: Catalog, event: EventRecord): Promise<string[]> {
  const view = catalog.view(event);
  const last = event.end?.lastNumber ?? 0;
  const lacking: string[] = [];
  for (const { rendition } of view.shape.all("stream")) {
    const newest = await view.readNewest(rendition);
    if ((newest?.number ?? -1) < last) lacking.push(rendition);
  }
  return lacking;
}
