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
 * 404 for an unknown event or pipeline, then 403 for credentials that do not open it. An answer of no is given only
 * after a look at the store, which the catalog allows four times a second: an event or token may be a moment old.
 * For an event that nobody knows the next look is waited for, since an encoder would lose its first objects.
 */
export function admit({ catalog, nowMs, isStale }: Parts): RequestHandler {
  return async (req, res, next) => {
    const locals = res.locals as Locals;
    const target = parseTarget(req.url);
    if (target === undefined) throw notFound();
    const look = () => {
      const event = catalog.event(target.event);
      return { event, pipeline: event?.pipelines.find(({ id }) => id === target.pipeline) };
    };
    const opens = ({ pipeline }: ReturnType<typeof look>) =>
      pipeline !== undefined && mayPublish(pipeline, locals.credentials, nowMs());

    let found = look();
    if (!opens(found)) {
      if (found.event === undefined) await catalog.find(target.event);
      else await catalog.refreshEvents();
      found = look();
    }
    const { event, pipeline } = found;
    if (event === undefined || pipeline === undefined) throw isStale() ? storeUnknown() : notFound();
    if (!opens(found)) throw new ProblemError(403, "wrong-credentials", "The token does not open this pipeline");
    Object.assign(locals, { target, event, pipeline });
    next();
  };
}

const notFound = () => new ProblemError(404, "not-found", "There is no such event or pipeline");
