import type { IncomingMessage } from "node:http";
import { CLOCK_TOLERANCE_MS, KvError } from "@headwater/kv";
import type { ObjectPath } from "@headwater/segment-store/writer";
import { ProblemError } from "@headwater/service-kit";
import type { Request, RequestHandler, Response } from "express";
import { hasNoBody, readWhole } from "./body.ts";
import { storeMedia } from "./media.ts";
import { type Accepted, STATUS } from "./outcome.ts";
import type { Locals, Parts } from "./parts.ts";
import { storePlaylist } from "./playlist.ts";
import { objectName, objectPath } from "./target.ts";

/** PUT and POST: stores what the body turns out to be. */
export function put(parts: Parts): RequestHandler {
  return (req, res) => parts.inflight.track(answer(parts, req, res));
}

async function answer(parts: Parts, req: Request, res: Response): Promise<void> {
  const { logger, metrics, nowMs } = parts;
  const { event, pipeline, target } = res.locals as Locals;
  let firstByteMs: number | undefined;
  // Paused first: else the listener would set the body flowing before anyone takes it.
  req.pause().once("data", () => {
    firstByteMs = nowMs();
  });

  refuseByClock(parts.clockAheadMs());
  refusePartial(req);
  const name = objectName(target);
  const result = hasNoBody(req) ? "none" : await store(parts, req, res, objectPath(name));
  const tookMs = nowMs() - (firstByteMs ?? nowMs());
  logger.debug({ event: event.id, pipeline: pipeline.id, name, result, tookMs }, "published");
  if (result !== "none") {
    metrics.publishTotal.inc({ result: result === "same" ? "same" : "stored" });
    metrics.publishSeconds.observe(tookMs / 1000);
  }
  res.writeHead(STATUS[result], result === "none" ? {} : { "Content-Length": 0 }).end();
}

async function store(parts: Parts, req: Request, res: Response, path: ObjectPath): Promise<Accepted> {
  switch (path.kind) {
    case "playlist":
      return storePlaylist(parts, req, res, path.name);
    case "manifest":
      await readWhole(req, res, parts.limits.maxPlaylistBytes);
      return "none";
    default:
      return storeMedia(parts, req, res, path);
  }
}

/** Numbers and deadlines are judged by the clock, so this comes before anything else is said of them. */
function refuseByClock(aheadMs: number): void {
  if (Math.abs(aheadMs) > CLOCK_TOLERANCE_MS) throw new KvError("clock", `ahead by ${Math.round(aheadMs)} ms`);
}

/** Part of an object, or an encoded one, must not be taken for the whole. */
function refusePartial({ headers }: IncomingMessage): void {
  if (headers.range !== undefined || headers["content-range"] !== undefined) {
    throw new ProblemError(400, "partial-put", "A PUT stores a whole object: Range and Content-Range are not taken");
  }
  const encoding = headers["content-encoding"] ?? "identity";
  if (encoding.toLowerCase() !== "identity") {
    throw new ProblemError(415, "encoded-body", "A body is stored as it is: Content-Encoding is not taken");
  }
}
