import { collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { ServiceName } from "../settings/index.ts";
import { type LabelledCounter, TalliedCounter } from "./tallied-counter.ts";
import { type Distribution, TalliedHistogram } from "./tallied-histogram.ts";

export type { Registry } from "prom-client";
export type { LabelledCounter, Series, TalliedCounter } from "./tallied-counter.ts";
export type { Distribution, TalliedHistogram } from "./tallied-histogram.ts";

export interface Level {
  set(value: number): void;
}

/** A level by label, read when somebody asks for the metrics. */
export interface ReadLevel<L extends Record<string, string>> {
  readFrom(read: () => Levels<L> | Promise<Levels<L>>): void;
}
type Levels<L> = readonly { readonly labels: L; readonly value: number }[];

const PUBLISH_RESULTS = ["stored", "same", "conflict", "aborted", "refused", "failed"] as const;
/** `refused` is the client's fault, `failed` the store's or ours. */
export type PublishResult = (typeof PUBLISH_RESULTS)[number];
/** Why a connection ended without an answer, or in the middle of one. */
export const CUT_REASONS = ["slow-head", "slow-reader", "connections", "pipeline"] as const;
export type CutReason = (typeof CUT_REASONS)[number];
export type Tier = "memory" | "memcached" | "store";

/** The metrics that interface.md §6 names. Each is exported only by the services it belongs to. */
export type Metrics = {
  /** For a service's own metrics and for GET /metrics. */
  readonly registry: Registry;
  /** 1 while /readyz is 200. */
  readonly ready: ReadLevel<Record<never, string>>;
  readonly publishTotal: LabelledCounter<{ result: PublishResult }>;
  /** From the first byte of the request to the reply. */
  readonly publishSeconds: Distribution;
  /** Commit minus the segment's expected publish; negative when early. */
  readonly publishLatenessSeconds: Distribution;
  /** `cause`: what the read was for, one of a few words of ours. */
  readonly storageReadsTotal: LabelledCounter<{ tier: Tier; cause: string }>;
  readonly storageWritesTotal: LabelledCounter<{ tier: Tier }>;
  /** `zone`: a name given by the operator. `outcome`: one of a few words of the cache's. */
  readonly zoneReadsTotal: LabelledCounter<{ zone: string; outcome: string }>;
  readonly zoneWritesTotal: LabelledCounter<{ zone: string; outcome: string }>;
  /** 1 for a server of memcached that is left out after failures, else 0. */
  readonly zoneNodeOut: ReadLevel<{ zone: string; node: string }>;
  /** `event`: `hedge`, `retry` or `failed`. */
  readonly storeEventsTotal: LabelledCounter<{ table: "rows" | "chunks"; event: string }>;
  /** `operation`: `read` or `write`. From its beginning to its end, with all retries. */
  readonly storeSeconds: TalliedHistogram<{ table: string; operation: string }>;
  /** This machine's clock less the store's. */
  readonly clockAheadSeconds: ReadLevel<Record<never, string>>;
  /** Of the embedded store's disk, beyond the reserve at which media is refused; may be negative. */
  readonly diskSpareBytes: ReadLevel<Record<never, string>>;
  readonly holds: Level;
  /** `end`: why the hold ended, one of a few words of ours. */
  readonly holdsTotal: LabelledCounter<{ end: string }>;
  readonly originRequestsTotal: TalliedCounter<{ decision: string; status: number }>;
  readonly shedTotal: LabelledCounter<{ class: string }>;
  /** From a request's head to its answer's, where it was not held. */
  readonly originSeconds: TalliedHistogram<{ class: string }>;
  readonly cutTotal: LabelledCounter<{ reason: CutReason }>;
  readonly requestsInFlight: ReadLevel<Record<never, string>>;
  readonly mediaInFlightBytes: ReadLevel<Record<never, string>>;
  readonly admissionLimit: ReadLevel<{ tier: Tier }>;
  readonly admissionInFlight: ReadLevel<{ tier: Tier }>;
  readonly admissionWaiting: ReadLevel<{ tier: Tier }>;
  /** `pipeline`: an id given by an operator, at most 8 an event. */
  readonly servedTotal: TalliedCounter<{ pipeline: string; defective: "true" | "false" }>;
  /** 1 while the process works on control data that it cannot refresh. */
  readonly controlStale: Level;
  readonly jobsTotal: LabelledCounter<{ job: string; result: string }>;
  /** 1 while no background job can be called for. */
  readonly jobsDegraded: Level;
  readonly auditInconsistencies: Level;
};

/** Makes a series of every combination of labels: Prometheus sees no rise in a counter that is first seen with 1. */
export function beginAtZero<L extends Record<string, string | number>>(
  counter: LabelledCounter<L>,
  values: { readonly [K in keyof L]: readonly L[K][] },
): void {
  const names = Object.keys(values) as (keyof L)[];
  const sets = names.reduce<Partial<L>[]>(
    (made, name) => made.flatMap((labels) => values[name].map((value) => ({ ...labels, [name]: value }))),
    [{}],
  );
  for (const labels of sets) counter.inc(labels as L, 0);
}

const LATENCY_BUCKETS = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10];
const FIRST_BYTE_BUCKETS = [0.001, 0.002, ...LATENCY_BUCKETS];
const LATENESS_BUCKETS = [-2, -1, -0.5, -0.2, 0, 0.1, 0.2, 0.5, 1, 2, 5, 10];

/** A registry with the process's own metrics (CPU, memory, event loop lag) and the named ones of `service`. */
export function createMetrics(service: ServiceName): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });

  const define = (services: readonly ServiceName[], name: string, help: string) => ({
    name: `headwater_${name}`,
    help,
    registers: services.includes(service) ? [registry] : [],
  });
  const counter = <L extends Record<string, string | number>>(
    services: readonly ServiceName[],
    name: string,
    help: string,
    labelNames: (keyof L & string)[],
  ): TalliedCounter<L> => new TalliedCounter({ ...define(services, name, help), labelNames });

  const readLevel = <L extends Record<string, string>>(
    services: readonly ServiceName[],
    name: string,
    help: string,
    labelNames: (keyof L & string)[],
  ): ReadLevel<L> => {
    let read: Parameters<ReadLevel<L>["readFrom"]>[0] = () => [];
    new Gauge({
      ...define(services, name, help),
      labelNames,
      collect() {
        const set = (levels: Levels<L>) => {
          for (const { labels, value } of levels) this.set(labels, value);
        };
        const levels = read();
        return "then" in levels ? levels.then(set) : set(levels);
      },
    });
    return {
      readFrom(from) {
        read = from;
      },
    };
  };

  const publisher = ["publisher"] as const;
  const origin = ["origin"] as const;
  const worker = ["worker"] as const;
  const every = ["publisher", "origin", "control", "worker"] as const;
  const zoned = ["publisher", "origin", "worker"] as const;
  const publishTotal = counter<{ result: PublishResult }>(publisher, "publish_total", "Uploads by how they ended.", [
    "result",
  ]);
  const cutTotal = counter<{ reason: CutReason }>(origin, "cut_total", "Connections that were cut, by the reason.", [
    "reason",
  ]);
  beginAtZero(publishTotal, { result: PUBLISH_RESULTS });
  beginAtZero(cutTotal, { reason: CUT_REASONS });
  return {
    registry,
    ready: readLevel(every, "ready", "1 while the process can do its job, as /readyz says.", []),
    publishTotal,
    publishSeconds: new Histogram({
      ...define(publisher, "publish_seconds", "Time from the first byte of an upload to its reply."),
      buckets: LATENCY_BUCKETS,
    }),
    publishLatenessSeconds: new Histogram({
      ...define(publisher, "publish_lateness_seconds", "Commit minus expected publish; negative when early."),
      buckets: LATENESS_BUCKETS,
    }),
    storageReadsTotal: counter(
      every,
      "storage_reads_total",
      "Reads of media by the tier that answered and what they were for.",
      ["tier", "cause"],
    ),
    storageWritesTotal: counter(["publisher", "worker"], "storage_writes_total", "Writes of media by tier.", ["tier"]),
    zoneReadsTotal: counter(zoned, "zone_reads_total", "Chunks asked of a memcached zone, by how that ended.", [
      "zone",
      "outcome",
    ]),
    zoneWritesTotal: counter(zoned, "zone_writes_total", "Chunks offered to a memcached zone, by how that ended.", [
      "zone",
      "outcome",
    ]),
    zoneNodeOut: readLevel(zoned, "zone_node_out", "1 while a memcached server is left out after failures.", [
      "zone",
      "node",
    ]),
    storeEventsTotal: counter(
      every,
      "store_events_total",
      "Requests to Cassandra sent to a second node, or again, by what they were for.",
      ["table", "event"],
    ),
    storeSeconds: new TalliedHistogram<{ table: string; operation: string }>({
      ...define(
        every,
        "store_seconds",
        "Time of an operation of Cassandra, with its retries, whether it failed or not.",
      ),
      labelNames: ["table", "operation"],
      buckets: FIRST_BYTE_BUCKETS,
    }),
    clockAheadSeconds: readLevel(
      every,
      "clock_ahead_seconds",
      "By how much this machine's clock is ahead of Cassandra's; negative when behind.",
      [],
    ),
    diskSpareBytes: readLevel(
      publisher,
      "disk_spare_bytes",
      "Bytes free on the embedded store's disk until new media is refused.",
      [],
    ),
    holds: new Gauge(define(origin, "holds", "Requests held now for a segment still to come.")),
    holdsTotal: counter(origin, "holds_total", "Holds by how they ended.", ["end"]),
    originRequestsTotal: counter(origin, "origin_requests_total", "Requests by decision and status.", [
      "decision",
      "status",
    ]),
    shedTotal: counter(origin, "shed_total", "Requests refused to protect storage, by class.", ["class"]),
    originSeconds: new TalliedHistogram<{ class: string }>({
      ...define(origin, "origin_seconds", "Time from a request to the beginning of its answer, held ones left out."),
      labelNames: ["class"],
      buckets: FIRST_BYTE_BUCKETS,
    }),
    cutTotal,
    requestsInFlight: readLevel(origin, "requests_in_flight", "Requests under way, held ones among them.", []),
    mediaInFlightBytes: readLevel(
      origin,
      "media_in_flight_bytes",
      "Bytes of media that answers under way keep in memory.",
      [],
    ),
    admissionLimit: readLevel(origin, "admission_limit", "Reads that a storage tier is thought to stand at a time.", [
      "tier",
    ]),
    admissionInFlight: readLevel(origin, "admission_in_flight", "Reads of a storage tier under way.", ["tier"]),
    admissionWaiting: readLevel(origin, "admission_waiting", "Reads that wait for their turn at a storage tier.", [
      "tier",
    ]),
    servedTotal: counter(origin, "served_total", "Segments served, by pipeline and whether the copy was defective.", [
      "pipeline",
      "defective",
    ]),
    controlStale: new Gauge(
      define(every, "control_stale", "1 while the process works on control data that it cannot refresh."),
    ),
    jobsTotal: counter(worker, "jobs_total", "Runs of background jobs by how they ended.", ["job", "result"]),
    jobsDegraded: new Gauge(define(worker, "jobs_degraded", "1 while no background job runs because Redis is away.")),
    auditInconsistencies: new Gauge(
      define(worker, "audit_inconsistencies", "Streams whose newest segment lacked bytes at the last audit."),
    ),
  };
}
