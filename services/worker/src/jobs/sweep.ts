import { type LocalKv, sweep as sweepFiles } from "@headwater/kv-local";
import type { Job } from "./job.ts";

/** Deletes files of the embedded store that no row names: of uploads cut short, or of processes that were killed. */
export const sweep = (kv: LocalKv): Job => ({
  name: "sweep",
  everyMs: 10 * 60_000,
  firstAfterMs: 60_000,
  deadlineMs: 5 * 60_000,
  run: async (nowMs) => ({ ...(await sweepFiles(kv, nowMs)) }),
});
