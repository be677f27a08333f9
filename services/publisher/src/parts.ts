import type { Catalog } from "@headwater/segment-store/catalog";
import type { EventRecord, PipelineRecord } from "@headwater/segment-store/model";
import type { Publishing } from "@headwater/segment-store/writer";
import type { Limits, Logger, Metrics } from "@headwater/service-kit";
import type { Credentials } from "./auth.ts";
import type { Inflight } from "./inflight.ts";
import type { Target } from "./target.ts";

/** What the handlers work with. */
export interface Parts {
  readonly catalog: Catalog;
  readonly publishing: Publishing;
  readonly inflight: Inflight;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly limits: Pick<Limits, "maxSegmentBytes" | "maxPlaylistBytes">;
  readonly nowMs: () => number;
  /** Whether the events could not be read at the last try. */
  readonly isStale: () => boolean;
  /** By how much this machine's clock is ahead of the store's, in ms. */
  readonly clockAheadMs: () => number;
}

/** What a request has shown so far, in `res.locals`. */
export interface Locals {
  credentials: Credentials;
  target: Target;
  event: EventRecord;
  pipeline: PipelineRecord;
}
