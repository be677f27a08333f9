import { evictOldest, type LocalKv } from "@headwater/kv-local";
import type { Job } from "./job.ts";

/**
 * Makes room for new media by deleting the oldest of the embedded store. Often: between two runs encoders must not fill
 * the tenth of `maxBytes` that a run leaves free.
 */
export const eviction = (kv: LocalKv, maxBytes: number): Job => ({
  name: "eviction",
  everyMs: 1000,
  firstAfterMs: 1000,
  deadlineMs: 60_000,
  run: async () => ({ ...(await evictOldest(kv, maxBytes)) }),
});
