/** What a run of a job found and did, for the log: one number a name. */
export type JobReport = Readonly<Record<string, number>>;

/** Work that is done again and again in the background; the same whether timers or a queue call for it. */
export interface Job {
  readonly name: string;
  readonly everyMs: number;
  /** Of the first run, after a process has started. Timers only: a queue has its own rhythm, shared by all workers. */
  readonly firstAfterMs: number;
  /** A run that takes longer is given up. Below `everyMs` where workers share a queue: then no two do the same at once. */
  readonly deadlineMs: number;
  /** Doing it twice does no harm. `signal` is aborted at the deadline, and when the process ends. */
  run(nowMs: number, signal: AbortSignal): Promise<JobReport>;
}
