import { ProblemError } from "@headwater/service-kit";
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from "express";
import { admit, requireCredentials } from "./admit.ts";
import { remove } from "./delete.ts";
import { countedAs, refusalOf } from "./outcome.ts";
import type { Locals, Parts } from "./parts.ts";
import { put } from "./put.ts";
import { refuse } from "./refuse.ts";

/** The publisher's HTTP: 401, 404, 403, then the method. Every refusal comes at once and closes the connection. */
export function createApp(parts: Parts): Express {
  const app = express();
  app.disable("x-powered-by");
  app.set("etag", false);
  app.use(requireCredentials, admit(parts));
  app.use(on(["PUT", "POST"], put(parts)), on(["DELETE"], remove));
  app.use(refuseMethod);
  app.use(answerErrors(parts));
  return app;
}

/** By method alone: Express's own patterns would decode the path, which is ours to judge as it came. */
const on =
  (methods: readonly string[], handler: RequestHandler): RequestHandler =>
  (req, res, next) =>
    methods.includes(req.method) ? handler(req, res, next) : next();

const refuseMethod: RequestHandler = (_req, res) => {
  res.setHeader("Allow", "PUT, POST, DELETE");
  throw new ProblemError(405, "method-not-allowed", "Taken are PUT, POST and DELETE");
};

function answerErrors({ logger, metrics }: Parts): ErrorRequestHandler {
  return (error, req, res, _next) => {
    const refusal = refusalOf(error);
    const { status, code } = refusal.problem;
    const { event, pipeline } = res.locals as Partial<Locals>;
    const line = { status, code, method: req.method, event: event?.id, pipeline: pipeline?.id };
    if (status >= 500) logger.error({ ...line, path: clip(req.url), err: error }, "failed");
    else logger.info({ ...line, path: clip(req.url) }, "refused");
    if (req.method === "PUT" || req.method === "POST") metrics.publishTotal.inc({ result: countedAs(refusal.problem) });
    refuse(req, res, refusal);
  };
}

/** A path for the log: without its query, which may hold what an encoder keeps secret. */
const clip = (url: string) => url.split("?", 1)[0]!.slice(0, 200);
