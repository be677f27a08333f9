import { KvError } from "@headwater/kv";
import { EventError } from "@headwater/segment-store/events";
import { ProblemError } from "@headwater/service-kit";
import type { ErrorRequestHandler, RequestHandler } from "express";
import { invalidFields } from "./validate.ts";

/** Turns the errors of stores, of Express and of its body parser into problems; others pass as they are. */
export const asProblem: ErrorRequestHandler = (error, _req, res, next) => {
  if (error instanceof KvError) res.setHeader("Retry-After", "1");
  next(problemOf(error));
};

function problemOf(error: unknown): unknown {
  if (error instanceof EventError) return eventProblem(error);
  if (error instanceof KvError) {
    return new ProblemError(error.code === "full" ? 507 : 503, `store-${error.code}`, "The store cannot do it now");
  }
  const { type, status } = (error ?? {}) as { type?: unknown; status?: unknown };
  if (type === "entity.too.large") return new ProblemError(413, "too-large", "The body is too large");
  // A path whose percent signs stand for nothing.
  if (error instanceof URIError && status === 400) return notFound();
  return error;
}

function eventProblem({ code, message }: EventError): ProblemError {
  switch (code) {
    case "unknown-event":
    case "unknown-mask":
      return new ProblemError(404, code, message);
    case "unknown-pipeline":
      return invalidFields([{ field: "pipeline", message: "is no pipeline of this event" }]);
    case "unknown-rendition":
      return invalidFields([{ field: "rendition", message: "is no rendition of this event" }]);
    case "id-taken":
    case "too-many-masks":
    case "ended":
      return new ProblemError(409, code, message);
  }
}

export const notJson = (): ProblemError => new ProblemError(400, "not-json", "The body is not JSON");
export const notFound = (): ProblemError => new ProblemError(404, "not-found", "Not found");

/** The last handler of a route: 405 with what it does allow. */
export function onlyMethods(...methods: string[]): RequestHandler {
  const allow = methods.flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method])).join(", ");
  return (_req, res) => {
    res.setHeader("Allow", allow);
    throw new ProblemError(405, "method-not-allowed", `Only ${allow}`);
  };
}
