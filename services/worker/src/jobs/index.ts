import type { Catalog } from "@headwater/segment-store/catalog";
import type { Level, Logger, Settings } from "@headwater/service-kit";
import type { Stores } from "@headwater/stores";
import { audit } from "./audit.ts";
import { eventEnd } from "./event-end.ts";
import { eviction } from "./eviction.ts";
import type { Job } from "./job.ts";
import { retention } from "./retention.ts";
import { sweep } from "./sweep.ts";
import { warmUp } from "./warm-up.ts";

export type { Job, JobReport } from "./job.ts";

export interface JobsOptions {
  readonly settings: Settings;
  readonly stores: Stores;
  readonly catalog: Catalog;
  readonly logger: Logger;
  readonly inconsistencies: Level;
}

/** The jobs of a worker with these stores. Only the embedded store ever has media deleted, only the cluster has caches. */
export function jobsOf({ settings, stores, catalog, logger, inconsistencies }: JobsOptions): readonly Job[] {
  const { local, kv, cacheNodes = [] } = stores;
  const maxBytes = settings.store.kind === "local" ? settings.store.dataMaxBytes : undefined;
  return [
    ...(local ? [retention(local), sweep(local)] : []),
    ...(local && maxBytes !== undefined ? [eviction(local, maxBytes)] : []),
    // One zone alone has nobody to copy from.
    ...(new Set(cacheNodes.map(({ zone }) => zone)).size > 1 ? [warmUp(cacheNodes, catalog)] : []),
    eventEnd(catalog, logger),
    audit({ kv, catalog, logger, inconsistencies }),
  ];
}
