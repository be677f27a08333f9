import type { Catalog } from "@headwater/segment-store/catalog";
import type { Events, Masks } from "@headwater/segment-store/events";
import { type Logger, problemHandler, type Settings } from "@headwater/service-kit";
import express, { type Express } from "express";
import type { FeedWatch } from "./diagnosis/index.ts";
import { eventsRouter } from "./events-router.ts";
import { operatorsOnly } from "./operator.ts";
import { playerRouter } from "./player-router.ts";
import { asProblem, notFound } from "./problems.ts";

export interface AppOptions {
  readonly settings: Settings;
  readonly catalog: Catalog;
  readonly events: Events;
  readonly masks: Masks;
  readonly feedWatch: FeedWatch;
  readonly logger: Logger;
  readonly nowMs: () => number;
}

/** Everything the control port answers: `/v1` for operators, the rest for people who watch. */
export function controlApp({ settings, catalog, events, masks, feedWatch, logger, nowMs }: AppOptions): Express {
  const { urls, operatorTokens, cdnTokens, region } = settings;
  const app = express();
  app.disable("x-powered-by").disable("etag");
  app.use((_req, res, next) => {
    res.setHeader("Cache-Control", "no-store");
    res.setHeader("X-Content-Type-Options", "nosniff");
    next();
  });
  app.use("/v1", operatorsOnly({ operators: operatorTokens, cdnTokens, catalog }));
  app.use("/v1/events", eventsRouter({ events, masks, catalog, logger, nowMs, region, publishBase: urls.publish }));
  app.use("/v1", () => {
    throw notFound();
  });
  app.use(
    playerRouter({
      catalog,
      feedWatch,
      originUrl: urls.origin,
      publishBase: urls.publish,
      readersNeedToken: cdnTokens.length > 0,
    }),
  );
  app.use(() => {
    throw notFound();
  });
  app.use(asProblem);
  app.use(problemHandler((error, req) => logger.error({ err: error, method: req.method }, "a request failed")));
  return app;
}
