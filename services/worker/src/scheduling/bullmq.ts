import type { Level, Logger } from "@headwater/service-kit";
import { Queue, Worker } from "bullmq";
import { Redis } from "ioredis";
import type { Job } from "../jobs/index.ts";
import type { JobRunner } from "./job-runner.ts";
import type { Scheduler } from "./scheduler.ts";

const QUEUE = "jobs";
/** Ended jobs that stay in Redis to be looked at. */
const KEPT = { removeOnComplete: { count: 50 }, removeOnFail: { count: 50 } };
const CONNECT_MS = 2000;
/** Longer than a worker waits for a job in one command. */
const SILENT_SOCKET_MS = 30_000;
const RECONNECT_MAX_MS = 2000;
const AGAIN_MS = 2000;
/** Both are also how long a worker that has closed keeps its process alive. */
const FETCH_AGAIN_MS = 300;
const DISCONNECT_MS = 300;
const CLOSE_CAP_MS = 2000;

export interface BullmqOptions {
  readonly url: string;
  /** Begins every key of the queue. */
  readonly prefix: string;
  readonly jobs: readonly Job[];
  readonly runner: JobRunner;
  readonly logger: Logger;
  /** 1 while no job can be called for because Redis is away. */
  readonly degraded: Level;
}

/**
 * All workers share one queue in Redis: each job comes to one of them, every `everyMs`. While Redis is away nothing is
 * called for; when it is back, perhaps empty, the schedule is written again.
 */
export function bullmqScheduler(options: BullmqOptions): Scheduler {
  const { url, prefix, jobs, runner, logger, degraded } = options;
  const byName = new Map(jobs.map((job) => [job.name, job]));
  const { connection, disconnect } = connect(url);
  const queue = new Queue(QUEUE, { connection, prefix });
  const worker = new Worker(
    QUEUE,
    async ({ name }) => {
      const job = byName.get(name);
      return job && runner.run(job);
    },
    { connection, prefix, concurrency: jobs.length, runRetryDelay: FETCH_AGAIN_MS, ...KEPT },
  );

  let closed = false;
  let isUp: boolean | undefined;
  const setUp = (up: boolean): void => {
    if (up === isUp || closed) return;
    isUp = up;
    degraded.set(up ? 0 : 1);
    if (up) logger.info("jobs are scheduled in Redis");
    else logger.warn("Redis is away: no background job runs until it is back");
  };
  let again: NodeJS.Timeout | undefined;
  const writeSchedule = async (): Promise<void> => {
    clearTimeout(again);
    try {
      for (const { name, everyMs } of jobs) {
        await queue.upsertJobScheduler(name, { every: everyMs }, { name, opts: KEPT });
      }
      setUp(connection.status === "ready");
    } catch (error) {
      logger.debug({ err: error }, "the schedule could not be written");
      if (!closed) again = setTimeout(() => void writeSchedule(), AGAIN_MS);
    }
  };
  connection.on("ready", () => void writeSchedule());
  connection.on("close", () => setUp(false));
  // Each is followed by another attempt; what matters of it shows in `degraded`.
  const onError = (error: Error) => logger.debug({ err: error }, "Redis, for jobs");
  connection.on("error", onError);
  queue.on("error", onError);
  worker.on("error", onError);

  return {
    async close() {
      closed = true;
      clearTimeout(again);
      const cap = Promise.withResolvers<void>();
      const timer = setTimeout(cap.resolve, CLOSE_CAP_MS);
      // While Redis is away a worker waits for it without end, unless it is forced.
      await Promise.race([Promise.allSettled([worker.close(isUp !== true), queue.close()]), cap.promise]);
      clearTimeout(timer);
      disconnect();
    },
  };
}

/** BullMQ copies a connection for its blocking reads, and while Redis is away does not end the copy: `disconnect` does. */
function connect(url: string): { connection: Redis; disconnect: () => void } {
  const connection = new Redis(url, {
    maxRetriesPerRequest: null,
    connectTimeout: CONNECT_MS,
    socketTimeout: SILENT_SOCKET_MS,
    disconnectTimeout: DISCONNECT_MS,
    retryStrategy: (attempt) => Math.min(attempt * 100, RECONNECT_MAX_MS),
  });
  const all = [connection];
  const duplicate = connection.duplicate.bind(connection);
  connection.duplicate = (override) => {
    const copy = duplicate(override);
    all.push(copy);
    return copy;
  };
  const disconnect = (): void => {
    for (const redis of all) redis.disconnect();
  };
  return { connection, disconnect };
}
