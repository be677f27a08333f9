import type { LabelledCounter, Logger } from "@headwater/service-kit";
import type { Job } from "../jobs/index.ts";

/** `late`: given up at its deadline, or because the process ends; `skipped`: the run before has not ended. */
export const JOB_RESULTS = ["done", "failed", "late", "skipped"] as const;
export type JobResult = (typeof JOB_RESULTS)[number];

const CLOSE_CAP_MS = 3000;

export interface JobRunnerOptions {
  readonly nowMs: () => number;
  readonly logger: Logger;
  readonly total: LabelledCounter<{ job: string; result: JobResult }>;
}

/** Runs jobs, each at most once at a time and within its deadline; counts and logs how they end. */
export class JobRunner {
  readonly #nowMs: () => number;
  readonly #logger: Logger;
  readonly #total: JobRunnerOptions["total"];
  readonly #running = new Map<string, { work: Promise<unknown>; controller: AbortController }>();

  #closed = false;

  constructor({ nowMs, logger, total }: JobRunnerOptions) {
    this.#nowMs = nowMs;
    this.#logger = logger;
    this.#total = total;
  }

  /** Never rejects. */
  async run(job: Job): Promise<JobResult> {
    const result = await this.#attempt(job);
    this.#total.inc({ job: job.name, result });
    return result;
  }

  /** Gives up what runs, and waits for it, but not for long. Nothing is run any more. */
  async close(): Promise<void> {
    this.#closed = true;
    const running = [...this.#running.values()];
    for (const { controller } of running) controller.abort(new Error("the worker ends"));
    const cap = Promise.withResolvers<void>();
    const timer = setTimeout(cap.resolve, CLOSE_CAP_MS);
    await Promise.race([Promise.allSettled(running.map(({ work }) => work)), cap.promise]);
    clearTimeout(timer);
  }

  async #attempt(job: Job): Promise<JobResult> {
    if (this.#closed) return "skipped";
    if (this.#running.has(job.name)) {
      this.#logger.warn({ job: job.name }, "a job was not run: the run before has not ended");
      return "skipped";
    }
    const controller = new AbortController();
    const { signal } = controller;
    const givenUp = new Promise<never>((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
    const timer = setTimeout(() => controller.abort(new Error(`not done in ${job.deadlineMs} ms`)), job.deadlineMs);
    const work = job.run(this.#nowMs(), signal).finally(() => this.#running.delete(job.name));
    this.#running.set(job.name, { work, controller });
    try {
      const report = await Promise.race([work, givenUp]);
      const level = Object.values(report).some((count) => count > 0) ? "info" : "debug";
      this.#logger[level]({ job: job.name, ...report }, "a job is done");
      return "done";
    } catch (error) {
      this.#logger.error({ err: error, job: job.name }, "a job failed");
      return signal.aborted ? "late" : "failed";
    } finally {
      clearTimeout(timer);
    }
  }
}
