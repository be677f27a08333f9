/** Calls for jobs until it is closed. */
export interface Scheduler {
  close(): Promise<void>;
}
