import { type Kv, RETENTION_MS } from "@headwater/kv";
import type { Catalog, EventView } from "@headwater/segment-store/catalog";
import type { Candidate } from "@headwater/segment-store/model";
import type { Level, Logger } from "@headwater/service-kit";
import type { Job } from "./job.ts";

/** Media this close to its retention may go at any moment. */
const EXPIRING_MS = 10 * 60_000;

export interface AuditOptions {
  readonly kv: Kv;
  readonly catalog: Catalog;
  readonly logger: Logger;
  /** Streams whose newest row names bytes that are not there. */
  readonly inconsistencies: Level;
}

/** Checks of every stream of every event that goes on that the newest row's chunks are in the kv, all of them. */
export const audit = ({ kv, catalog, logger, inconsistencies }: AuditOptions): Job => ({
  name: "audit",
  everyMs: 5 * 60_000,
  firstAfterMs: 30_000,
  deadlineMs: 4 * 60_000,
  async run(nowMs, signal) {
    let [streams, inconsistent] = [0, 0];
    for (const event of catalog.events().filter(({ end }) => end === undefined)) {
      const view = catalog.view(event);
      await view.ensureShape(nowMs);
      for (const { rendition } of view.shape.all("stream")) {
        signal.throwIfAborted();
        const newest = await view.readNewest(rendition);
        if (newest === undefined || newest.stampMs + RETENTION_MS[event.retention] < nowMs + EXPIRING_MS) continue;
        streams += 1;
        if (await isConsistent(kv, view, newest, rendition)) continue;
        inconsistent += 1;
        const { number, pipeline } = newest;
        logger.error({ event: event.id, rendition, number, pipeline }, "a committed segment lacks bytes");
      }
    }
    inconsistencies.set(inconsistent);
    return { streams, inconsistent };
  },
});

/** Whether the chunks are there, or the row has gone in the meantime too: evicted, or its event deleted. */
async function isConsistent(kv: Kv, view: EventView, { ref }: Candidate, rendition: string): Promise<boolean> {
  for (let n = 0; n < ref.chunks; n += 1) {
    if ((await kv.readChunk(view.event.retention, ref.nonce, n)) !== undefined) continue;
    return (await view.readNewest(rendition))?.ref.nonce !== ref.nonce;
  }
  return true;
}
