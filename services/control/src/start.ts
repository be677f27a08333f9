import { Catalog } from "@headwater/segment-store/catalog";
import { Events, Masks } from "@headwater/segment-store/events";
import { clockReasons, createHttpServer, listen, type Running, type ServiceContext } from "@headwater/service-kit";
import { openStores, type Stores } from "@headwater/stores";
import { controlApp } from "./app.ts";
import { FeedWatch } from "./diagnosis/index.ts";

/** Parts that a test puts in place of those that the settings name. */
export interface ControlOverrides {
  readonly stores?: Stores;
}

/** Wires control: stores, the catalog of events, the app, its server. */
export async function startControl(context: ServiceContext, overrides: ControlOverrides = {}): Promise<Running> {
  const { settings, logger, metrics, clock, waiting } = context;
  const stores = overrides.stores ?? (await openStores(settings, { writes: true, metrics, onWaiting: waiting }));
  const { kv, notices } = stores;
  const nowMs = () => clock.nowMs();
  let isStale = false;
  const onStale = (stale: boolean) => {
    isStale = stale;
    metrics.controlStale.set(stale ? 1 : 0);
  };
  const catalog = new Catalog({ kv, notices, nowMs, onStale });
  await catalog.start();
  const events = new Events({ kv, notices, catalog, nowMs });
  const masks = new Masks({ kv, notices, catalog, nowMs });

  const feedWatch = new FeedWatch({ catalog, logger, nowMs });
  const app = controlApp({ settings, catalog, events, masks, feedWatch, logger, nowMs });
  const server = createHttpServer({ request: app });
  await listen(server, settings.listen.control, { reusePort: true });
  feedWatch.start();
  return {
    servers: [server],
    notReady: () => [...(isStale ? ["the store does not answer"] : []), ...clockReasons(stores.clockAheadMs?.() ?? 0)],
    close: async () => {
      await feedWatch.close();
      await catalog.close();
      await stores.close();
    },
  };
}
