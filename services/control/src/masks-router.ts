import { setTimeout as sleep } from "node:timers/promises";
import type { Masks } from "@headwater/segment-store/events";
import type { EventRecord, Mask, MaskHolder } from "@headwater/segment-store/model";
import { Router } from "express";
import { body } from "./body.ts";
import { iso } from "./event-json.ts";
import { onlyMethods } from "./problems.ts";
import { maskSchema } from "./schema.ts";
import { validate } from "./validate.ts";

/** A mask is acknowledged when every process that can read the store holds it. */
const HOLDS_EVERYWHERE_MS = 1000;

export interface MasksRouterOptions {
  readonly masks: Masks;
  /** The event of that name. Rejects with EventError `unknown-event`. */
  readonly known: (id: string) => Promise<EventRecord>;
}

/** `/events/{id}/masks` of the control API (interface §2). */
export function masksRouter({ masks, known }: MasksRouterOptions): Router {
  const router = Router({ mergeParams: true });
  // Without the store nobody is known to have confirmed anything.
  const holdersOf = (event: EventRecord) => masks.holders(event).catch((): readonly MaskHolder[] => []);

  router
    .route("/")
    .get(async (req, res) => {
      const event = await known(idOf(req.params));
      const [all, holders] = await Promise.all([masks.list(event), holdersOf(event)]);
      res.json({ masks: all.map((mask) => maskJson(mask, holders)) });
    })
    .post(async (req, res) => {
      const wanted = validate(maskSchema, body(req));
      const event = await known(idOf(req.params));
      const mask = await masks.add(event, { ...wanted, by: res.locals.operator });
      await sleep(HOLDS_EVERYWHERE_MS);
      res.status(201).json(maskJson(mask, await holdersOf(event)));
    })
    .all(onlyMethods("GET", "POST"));

  router
    .route("/:maskId")
    .delete(async (req, res) => {
      await masks.remove(await known(idOf(req.params)), req.params.maskId, res.locals.operator);
      res.status(204).end();
    })
    .all(onlyMethods("DELETE"));

  return router;
}

/** Of the route that this router is mounted under. */
const idOf = (params: object): string => (params as { id: string }).id;

function maskJson({ createdAtMs, ...mask }: Mask, holders: readonly MaskHolder[]) {
  const { id, pipeline, rendition, from, to, by } = mask;
  const confirmedBy = holders.filter((holder) => holder.masks.includes(id)).map(({ process }) => process);
  return { id, pipeline, rendition, from, to, createdAt: iso(createdAtMs), by, confirmedBy };
}
