import { Catalog } from "@headwater/segment-store/catalog";
import { Publishing } from "@headwater/segment-store/writer";
import {
  type Address,
  clockReasons,
  createHttpServer,
  listen,
  type Running,
  type ServiceContext,
} from "@headwater/service-kit";
import { openStores, type Stores } from "@headwater/stores";
import { createApp } from "./app.ts";
import { Inflight } from "./inflight.ts";
import { meteredCache, meteredKv } from "./metered.ts";

/** What a test may bring along in place of the real thing. */
export interface Overrides {
  readonly stores?: Stores;
}

export interface Publisher extends Running {
  readonly address: Address;
}

/** The publisher's composition root. Rejects with KvError while the store cannot be reached. */
export async function startPublisher(context: ServiceContext, overrides: Overrides = {}): Promise<Publisher> {
  const { settings, logger, metrics, clock, waiting } = context;
  const nowMs = () => clock.nowMs();
  const stores = overrides.stores ?? (await openStores(settings, { writes: true, metrics, onWaiting: waiting }));
  const kv = meteredKv(stores.kv, () => metrics.storageWritesTotal.inc({ tier: "store" }));
  const cache =
    Object.keys(settings.memcachedZones).length === 0
      ? stores.cache
      : meteredCache(stores.cache, () => metrics.storageWritesTotal.inc({ tier: "memcached" }));

  let stale = false;
  const onStale = (now: boolean) => {
    if (now !== stale) logger.warn({ stale: now }, now ? "the events cannot be read" : "the events can be read again");
    stale = now;
    metrics.controlStale.set(Number(now));
  };
  const catalog = new Catalog({ kv, notices: stores.notices, nowMs, onStale });
  await catalog.start();
  const publishing = new Publishing({ kv, cache, notices: stores.notices, catalog, nowMs });

  const clockAheadMs = stores.clockAheadMs ?? (() => 0);
  const inflight = new Inflight();
  const { limits } = settings;
  const app = createApp({
    catalog,
    publishing,
    inflight,
    metrics,
    logger,
    limits,
    nowMs,
    isStale: () => stale,
    clockAheadMs,
  });
  const server = createHttpServer({ request: app, checkContinue: app });
  // An encoder that closes its side behind the last byte has still sent a whole body.
  Object.assign(server, { httpAllowHalfOpen: true });
  const address = await listen(server, settings.listen.publisher, { reusePort: true });

  return {
    address,
    servers: [server],
    notReady: () => [
      ...(stale ? ["the store cannot be reached: the events cannot be read"] : []),
      ...clockReasons(clockAheadMs()),
    ],
    async close() {
      await inflight.settled();
      await catalog.close();
      await stores.close();
    },
  };
}
