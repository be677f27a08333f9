import type { IncomingMessage } from "node:http";
import { parseDefectsHeader } from "@headwater/media-inspection";
import type { ObjectPath, Uploaded } from "@headwater/segment-store/writer";
import { ProblemError } from "@headwater/service-kit";
import type { Response } from "express";
import { BodyError, receiveBody } from "./body.ts";
import { type Accepted, conflict, ended, outsideTemplate } from "./outcome.ts";
import type { Locals, Parts } from "./parts.ts";

/** Containers whose init segment may bear any name, numbers too. */
const MAY_BE_INIT = /^(?:mp4|m4s|cmf[vatm])$/;
const INIT_MAX_BYTES = 256 * 1024;

/** Streams a media body into the store and commits it. Rejects with ProblemError, BodyError or KvError. */
export async function storeMedia(
  parts: Parts,
  req: IncomingMessage,
  res: Response,
  path: ObjectPath & { kind: "segment" | "object" },
): Promise<Accepted> {
  const { publishing, metrics, limits } = parts;
  const { event, pipeline } = res.locals as Locals;
  const outside = path.kind === "segment" ? await publishing.outsideTemplate(event, path.incoming) : undefined;
  // `init-0.mp4` is no segment 0, but only its bytes tell; so of what is outside, only what may be an init is looked at.
  if (outside !== undefined && !MAY_BE_INIT.test(path.ext)) throw outsideTemplate(outside);
  const maxBytes = outside === undefined ? limits.maxSegmentBytes : Math.min(INIT_MAX_BYTES, limits.maxSegmentBytes);

  let uploaded: Uploaded | undefined;
  try {
    uploaded = await upload(parts, req, res, maxBytes);
  } catch (error) {
    if (outside !== undefined && error instanceof BodyError && error.code === "too-large")
      throw outsideTemplate(outside);
    throw error;
  }
  if (uploaded === undefined) return "none";
  const refused =
    uploaded.report.kind === "segment"
      ? outside && outsideTemplate(outside)
      : uploaded.ref.sizeBytes > INIT_MAX_BYTES &&
        new ProblemError(413, "too-large", `An init is over the limit of ${INIT_MAX_BYTES} bytes`);
  if (refused) {
    void uploaded.abandon();
    throw refused;
  }

  const defects = parseDefectsHeader(String(req.headers["headwater-defects"] ?? ""));
  const { result, latenessMs } = await publishing.store({ event, pipeline, path, defects }, uploaded);
  if (result === "conflict") throw conflict();
  if (result === "ended") throw ended();
  if (latenessMs !== undefined && result !== "same") metrics.publishLatenessSeconds.observe(latenessMs / 1000);
  return result;
}

/** The body in the store, still invisible; undefined if it was empty. Gives it up if it does not come whole. */
async function upload(
  { publishing }: Parts,
  req: IncomingMessage,
  res: Response,
  maxBytes: number,
): Promise<Uploaded | undefined> {
  const { event } = res.locals as Locals;
  const incoming = publishing.upload(event);
  try {
    const sizeBytes = await receiveBody(req, res, maxBytes, (bytes) => incoming.push(bytes));
    if (sizeBytes > 0) return await incoming.finish();
  } catch (error) {
    // The refusal does not wait for a store that may be slow to give up; it never rejects.
    void incoming.abandon();
    throw error;
  }
  await incoming.abandon();
  return undefined;
}
