import type { Job } from "../jobs/index.ts";
import type { JobRunner } from "./job-runner.ts";
import type { Scheduler } from "./scheduler.ts";

/** Every process by itself: each job again `everyMs` after it has ended. */
export function timerScheduler(jobs: readonly Job[], runner: JobRunner): Scheduler {
  const timers = new Map<string, NodeJS.Timeout>();
  let closed = false;
  const schedule = (job: Job, delayMs: number): void => {
    const run = async () => {
      await runner.run(job);
      if (!closed) schedule(job, job.everyMs);
    };
    timers.set(job.name, setTimeout(run, delayMs));
  };
  for (const job of jobs) schedule(job, job.firstAfterMs);
  return {
    async close() {
      closed = true;
      for (const timer of timers.values()) clearTimeout(timer);
    },
  };
}
