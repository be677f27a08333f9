import { expire, type LocalKv } from "@headwater/kv-local";
import type { Job } from "./job.ts";

/** Deletes what has outlived its retention class from the embedded store. On Cassandra media expires by itself. */
export const retention = (kv: LocalKv): Job => ({
  name: "retention",
  everyMs: 60_000,
  firstAfterMs: 10_000,
  deadlineMs: 55_000,
  run: async (nowMs) => ({ ...(await expire(kv, nowMs)) }),
});
