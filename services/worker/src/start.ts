import { Catalog } from "@headwater/segment-store/catalog";
import { beginAtZero, type Running, type ServiceContext } from "@headwater/service-kit";
import { openStores, type Stores } from "@headwater/stores";
import { type Job, jobsOf } from "./jobs/index.ts";
import { bullmqScheduler } from "./scheduling/bullmq.ts";
import { JOB_RESULTS, JobRunner } from "./scheduling/job-runner.ts";
import { timerScheduler } from "./scheduling/timers.ts";

/** Parts that a test puts in place of those that the settings name. */
export interface WorkerOverrides {
  readonly stores?: Stores;
  readonly jobs?: readonly Job[];
}

/** Wires a worker: stores, the catalog of events, jobs, and what calls for them: a queue in Redis, else timers. */
export async function startWorker(context: ServiceContext, overrides: WorkerOverrides = {}): Promise<Running> {
  const { settings, logger, metrics, clock, waiting } = context;
  const stores = overrides.stores ?? (await openStores(settings, { writes: false, metrics, onWaiting: waiting }));
  const nowMs = () => clock.nowMs();
  const onStale = (stale: boolean) => metrics.controlStale.set(stale ? 1 : 0);
  const catalog = new Catalog({ kv: stores.kv, notices: stores.notices, nowMs, onStale });
  await catalog.start();

  const { jobsTotal: total, jobsDegraded: degraded, auditInconsistencies: inconsistencies } = metrics;
  const jobs = overrides.jobs ?? jobsOf({ settings, stores, catalog, logger, inconsistencies });
  beginAtZero(total, { job: jobs.map(({ name }) => name), result: JOB_RESULTS });
  const runner = new JobRunner({ nowMs, logger, total });
  const { redisUrl, store } = settings;
  // Two Headwaters may share one Redis.
  const prefix = store.kind === "cassandra" ? store.keyspace : "headwater";
  const scheduler =
    redisUrl === undefined
      ? timerScheduler(jobs, runner)
      : bullmqScheduler({ url: redisUrl, prefix, jobs, runner, logger, degraded });
  return {
    servers: [],
    notReady: () => [],
    close: async () => {
      await runner.close();
      await scheduler.close();
      await catalog.close();
      await stores.close();
    },
  };
}
