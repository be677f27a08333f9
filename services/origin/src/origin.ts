import type { Server, ServerOptions } from "node:http";
import { hostname } from "node:os";
import { Catalog } from "@headwater/segment-store/catalog";
import { backgroundRows, liveEdgeRows, SegmentReader } from "@headwater/segment-store/reader";
import {
  beginAtZero,
  clockReasons,
  createHttpServer,
  listen,
  type Running,
  type ServiceContext,
  type Settings,
} from "@headwater/service-kit";
import { openStores, type Stores } from "@headwater/stores";
import { slowed } from "./admission/slowed.ts";
import { StoreGate } from "./admission/store-gate.ts";
import { Confirmations } from "./confirmations.ts";
import { Directory } from "./directory.ts";
import { FIRST_IDLE_MS, SERVER_OPTIONS } from "./guard/server-options.ts";
import { Underway } from "./guard/underway.ts";
import { type Alarm, systemAlarm } from "./holds/alarm.ts";
import { Holds } from "./holds/holds.ts";
import { News } from "./holds/news.ts";
import { accessControl } from "./http/access.ts";
import { answerFor } from "./http/answers.ts";
import { OriginResponse } from "./http/exchange.ts";
import { front } from "./http/front.ts";
import { RequestLog } from "./http/request-log.ts";
import { Responder } from "./http/responder.ts";
import { Turns } from "./http/turns.ts";
import { Inits } from "./inits.ts";
import { Playlists } from "./playlists.ts";
import { Segments } from "./segments.ts";

/** Decisions that are alarms. */
const FAILURES = ["storage-failing", "overloaded", "internal"] as const;

export interface OriginOverrides {
  readonly stores?: Stores;
  readonly alarm?: Alarm;
  /** Monotonic. */
  readonly elapsedMs?: () => number;
  readonly serverOptions?: ServerOptions;
  readonly firstIdleMs?: number;
}

export interface Origin extends Running {
  /** Where it listens. */
  readonly address: Settings["listen"]["origin"];
}

/** The origin's composition root. Rejects when the stores or the port cannot be had. */
export async function startOrigin(context: ServiceContext, overrides: OriginOverrides = {}): Promise<Origin> {
  const { settings, logger, metrics, clock, draining, waiting } = context;
  const { limits } = settings;
  const stores = overrides.stores ?? (await openStores(settings, { writes: false, metrics, onWaiting: waiting }));
  const { cache, notices } = stores;
  const kv = slowed(stores.kv, limits.storeReadDelayMs);
  const alarm = overrides.alarm ?? systemAlarm;
  const elapsedMs = overrides.elapsedMs ?? (() => performance.now());
  const gate = new StoreGate({ limits, nowMs: elapsedMs, alarm });
  beginAtZero(metrics.shedTotal, { class: ["live-edge", "dvr"] });
  for (const kind of FAILURES) {
    beginAtZero(metrics.originRequestsTotal, { decision: [kind], status: [answerFor({ kind }, 0).status] });
  }
  beginAtZero(metrics.storageReadsTotal, { tier: ["memory", "memcached", "store"], cause: ["segment"] });
  beginAtZero(metrics.storageReadsTotal, { tier: ["store"], cause: ["rows"] });
  metrics.admissionLimit.readFrom(() => gate.levels((tier) => tier.limit));
  metrics.admissionInFlight.readFrom(() => gate.levels((tier) => tier.inFlight));
  metrics.admissionWaiting.readFrom(() => gate.levels((tier) => tier.waiting));
  const nowMs = () => clock.nowMs();

  const onStale = (stale: boolean) => metrics.controlStale.set(stale ? 1 : 0);
  const process = `origin-${hostname()}-${settings.adminListen.port}`;
  const confirmations = new Confirmations({ kv, process, clock, logger });
  const catalog = new Catalog({
    kv: liveEdgeRows(kv, gate),
    background: { kv: backgroundRows(kv, gate), hasRoom: () => gate.hasRoom() },
    notices,
    nowMs,
    onStale,
    onMasks: (view) => confirmations.tell(view),
  });
  await catalog.start();
  const reader = new SegmentReader({
    kv,
    home: stores.home,
    cache,
    catalog,
    nowMs,
    clockToleranceMs: limits.clockToleranceMs,
    memoryBytes: limits.memoryCacheBytes,
    gate,
    onRead: (tier) => metrics.storageReadsTotal.inc({ tier, cause: "segment" }),
    onReadRows: () => metrics.storageReadsTotal.inc({ tier: "store", cause: "rows" }),
  });

  const turns = new Turns();
  const firstIdleMs = overrides.firstIdleMs ?? FIRST_IDLE_MS;
  const { requestsMax, mediaInFlightBytes: mediaMaxBytes } = limits;
  const underway = new Underway({ requestsMax, mediaMaxBytes, firstIdleMs, alarm, elapsedMs, metrics });
  metrics.requestsInFlight.readFrom(() => [{ labels: {}, value: underway.requests }]);
  metrics.mediaInFlightBytes.readFrom(() => [{ labels: {}, value: underway.mediaBytes }]);
  const responder = new Responder({ clock, metrics, logger, turns, underway, firstIdleMs, elapsedMs });
  const log = new RequestLog({ logger, elapsedMs });
  const directory = new Directory(catalog, reader, clock);
  const holds = new Holds({ clock, alarm, max: limits.holdsMax, draining, turns, metrics });
  const news = new News(catalog, clock, alarm);
  const server = createHttpServer({
    request: front({
      edgeOf: accessControl(settings.cdnTokens),
      underway,
      responder,
      segments: new Segments({ directory, reader, responder, holds, news, clock, metrics }),
      inits: new Inits(directory, responder, clock),
      playlists: new Playlists({ directory, responder, holds, news, clock }),
    }),
    closed: (res) => {
      const exchange = underway.leave(res);
      if (exchange !== undefined) log.ended(exchange);
    },
    pipelineCut: () => metrics.cutTotal.inc({ reason: "pipeline" }),
    options: { ...SERVER_OPTIONS, ServerResponse: OriginResponse, ...overrides.serverOptions },
  });
  server.maxConnections = limits.connectionsMax;
  countCut(server, metrics.cutTotal);
  const address = await listen(server, settings.listen.origin, { reusePort: true });
  return {
    servers: [server],
    address,
    // Without the store it goes on with what it knows: taking every origin out would take that away as well.
    notReady: () => clockReasons(stores.clockAheadMs?.() ?? 0),
    close: async () => {
      confirmations.close();
      await catalog.close();
      await stores.close();
    },
  };
}

/** Connections that end without an answer, but for those that are cut with one under way. */
function countCut(server: Server, cutTotal: ServiceContext["metrics"]["cutTotal"]): void {
  server.on("drop", () => cutTotal.inc({ reason: "connections" }));
  server.on("clientError", ({ code }: NodeJS.ErrnoException) => {
    if (code === "ERR_HTTP_REQUEST_TIMEOUT") cutTotal.inc({ reason: "slow-head" });
  });
}
