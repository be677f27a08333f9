import type { EventRecord } from "@headwater/segment-store/model";
import { ProblemError } from "@headwater/service-kit";
import type { RequestHandler } from "express";
import { mayPublish, readCredentials } from "./auth.ts";
import { storeUnknown } from "./outcome.ts";
import type { Locals, Parts } from "./parts.ts";
import { parseTarget } from "./target.ts";

/** 401 without credentials, whatever the path. Nothing has been read, and no 100 Continue sent. */
export const requireCredentials: RequestHandler = (req, res, next) => {
  const credentials = readCredentials(req.headers.authorization);
  if (credentials === undefined) {
    res.setHeader("WWW-Authenticate", 'Basic realm="headwater"');
    throw new ProblemError(401, "no-credentials", "A publish token is needed: Bearer, or Basic with the pipeline's id");
  }
  (res.locals as Locals).credentials = credentials;
  next();
};

/**
 * 404 for an unknown event or pipeline, then 403 for credentials that do not open it. An answer of no waits for a look
 * at the store, at most 250 ms: an event or token may be a moment old, and an encoder would lose its first objects.
 */
export function admit({ catalog, nowMs, isStale }: Parts): RequestHandler {
  return async (req, res, next) => {
    const locals = res.locals as Locals;
    const target = parseTarget(req.url);
    if (target === undefined) throw notFound();
    const pipelineOf = (event?: EventRecord) => event?.pipelines.find(({ id }) => id === target.pipeline);
    const opens = (event: EventRecord) => {
      const pipeline = pipelineOf(event);
      return pipeline !== undefined && mayPublish(pipeline, locals.credentials, nowMs());
    };
    const event = await catalog.find(target.event, opens);
    const pipeline = pipelineOf(event);
    if (event === undefined || pipeline === undefined) throw isStale() ? storeUnknown() : notFound();
    if (!opens(event)) throw new ProblemError(403, "wrong-credentials", "The token does not open this pipeline");
    Object.assign(locals, { target, event, pipeline });
    next();
  };
}

const notFound = () => new ProblemError(404, "not-found", "There is no such event or pipeline");
