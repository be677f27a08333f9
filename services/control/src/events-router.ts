import type { Catalog } from "@headwater/segment-store/catalog";
import { EventError, type Events, type Masks } from "@headwater/segment-store/events";
import type { EventRecord } from "@headwater/segment-store/model";
import type { Logger } from "@headwater/service-kit";
import { Router, text } from "express";
import { body } from "./body.ts";
import { changed } from "./changed.ts";
import { diagnosisOf } from "./diagnosis/index.ts";
import { eventJson, iso, publishUrl } from "./event-json.ts";
import { masksRouter } from "./masks-router.ts";
import { onlyMethods } from "./problems.ts";
import { emptySchema, endSchema, eventChangeSchema, newEventSchema, tokenSchema } from "./schema.ts";
import { validate } from "./validate.ts";

const MAX_BODY_BYTES = 64 * 1024;

export interface EventsRouterOptions {
  readonly events: Events;
  readonly masks: Masks;
  readonly catalog: Catalog;
  readonly logger: Logger;
  readonly nowMs: () => number;
  /** Of pipelines created without one. */
  readonly region: string;
  /** Beginning of every `publishUrl`. */
  readonly publishBase: string;
}

/** `/events` of the control API (interface §2), for operators who have been let in. */
export function eventsRouter(options: EventsRouterOptions): Router {
  const { events, masks, catalog, logger, nowMs, region, publishBase } = options;
  const router = Router();
  const creation = newEventSchema(region);
  const known = async (id: string): Promise<EventRecord> => {
    await catalog.refreshEvents();
    const event = catalog.event(id);
    if (event === undefined) throw new EventError("unknown-event", `there is no event ${id}`);
    return event;
  };

  router.use(text({ limit: MAX_BODY_BYTES, type: () => true }));
  router.use((req, res, next) => {
    res.on("finish", () => {
      if (req.method === "GET" || req.method === "HEAD" || res.statusCode >= 400) return;
      logger.info({ by: res.locals.operator, method: req.method, path: req.originalUrl }, "an operator's change");
    });
    next();
  });

  router
    .route("/")
    .get(async (_req, res) => {
      await catalog.refreshEvents();
      const all = [...catalog.events()].sort((a, b) => (a.id < b.id ? -1 : 1));
      res.json({ events: all.map((event) => eventJson(event, publishBase)) });
    })
    .post(async (req, res) => {
      const { event, tokens } = await events.create(validate(creation, body(req)));
      res
        .status(201)
        .location(`/v1/events/${event.id}`)
        .json(eventJson(event, publishBase, tokens));
    })
    .all(onlyMethods("GET", "POST"));

  router
    .route("/:id")
    .get(async (req, res) => {
      res.json(eventJson(await known(req.params.id), publishBase));
    })
    .patch(async (req, res) => {
      const change = validate(eventChangeSchema, body(req));
      const view = catalog.view(await known(req.params.id));
      if (change.startNumber !== undefined) await view.reloadShape();
      const isPublished = view.shape.all("stream").length > 0;
      const event = await events.change(req.params.id, (present) => changed(present, change, isPublished));
      res.json(eventJson(event, publishBase));
    })
    .delete(async (req, res) => {
      await events.delete(req.params.id);
      res.status(204).end();
    })
    .all(onlyMethods("GET", "PATCH", "DELETE"));

  router
    .route("/:id/end")
    .post(async (req, res) => {
      const { lastNumber } = validate(endSchema, body(req, {}));
      const event = await known(req.params.id);
      const last = lastNumber ?? (await catalog.view(event).readHighest()) ?? (event.startNumber ?? 0) - 1;
      res.json(eventJson(await events.end(event.id, last), publishBase));
    })
    .all(onlyMethods("POST"));

  router
    .route("/:id/version")
    .post(async (req, res) => {
      validate(emptySchema, body(req, {}));
      res.json(eventJson(await events.nextVersion(req.params.id), publishBase));
    })
    .all(onlyMethods("POST"));

  router
    .route("/:id/tokens")
    .post(async (req, res) => {
      const { id } = req.params;
      const { pipeline, overlapMs } = validate(tokenSchema, body(req));
      const { publishToken, previousValidUntilMs } = await events.rotateToken(id, pipeline, overlapMs);
      res.status(201).json({
        pipeline,
        publishUrl: publishUrl(publishBase, id, pipeline),
        publishToken,
        previousValidUntil: previousValidUntilMs === undefined ? undefined : iso(previousValidUntilMs),
      });
    })
    .all(onlyMethods("POST"));

  router.use("/:id/masks", masksRouter({ masks, known }));

  router
    .route("/:id/diagnosis")
    .get(async (req, res) => {
      const { atMs, findings } = await diagnosisOf(catalog.view(await known(req.params.id)), nowMs());
      res.json({ at: iso(atMs), findings });
    })
    .all(onlyMethods("GET"));

  return router;
}
