import { RETENTION_CLASSES, RETENTION_MS } from "@headwater/kv";
import type { EventChange, NewEvent, NewMask } from "@headwater/segment-store/events";
import { parseDuration } from "@headwater/timeline";
import { z } from "zod";

const ID = /^[a-z0-9][a-z0-9-]{0,63}$/;
const RENDITION = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const MAX_NUMBER = 999_999_999_999_999;
const HOUR_MS = 3_600_000;
const DVR_WINDOW_MS = 4 * HOUR_MS;

const id = z.string().regex(ID, "must match [a-z0-9][a-z0-9-]{0,63}");
const count = (max: number) => z.int().min(0).max(max);
const segmentNumber = count(MAX_NUMBER);
const delayMs = count(HOUR_MS);

const unique = (names: readonly string[]) => new Set(names).size === names.length;

const segmentDuration = z.unknown().transform((value, context) => {
  try {
    return parseDuration(value);
  } catch (error) {
    context.addIssue((error as RangeError).message);
    return z.NEVER;
  }
});

const startTime = z.iso.datetime({
  offset: true,
  message: "must be a time as RFC 3339 writes it, such as 2026-03-01T12:00:00.000Z",
});

const rendition = z.string().regex(RENDITION, "must match [A-Za-z0-9][A-Za-z0-9._-]{0,63}");

const renditions = z.array(rendition).max(64).refine(unique, "names a rendition twice");

/** What may change in an event's life; the same rules hold at its creation. */
const changeable = {
  startNumber: segmentNumber,
  renditions,
  publishDelayMs: delayMs,
  holdMs: count(8000),
  retryDeadlineMs: delayMs,
  graceMs: delayMs,
  dvrWindowMs: z.int().min(1).max(RETENTION_MS["7d"]),
  liveEdgeSegments: count(1000),
};

/** `POST /v1/events` (interface §2). `region`: of pipelines that name none. */
export const newEventSchema = (region: string) => {
  const pipeline = z.strictObject({ id, region: id.default(region) });
  return z
    .strictObject({
      id,
      timeline: z.enum(["epoch", "fixed", "first-segment"]).default("first-segment"),
      segmentDuration: segmentDuration.prefault(2000),
      startTime: startTime.optional(),
      startNumber: changeable.startNumber.optional(),
      pipelines: z
        .array(pipeline)
        .min(1)
        .max(8)
        .refine((pipelines) => unique(pipelines.map((p) => p.id)), "names a pipeline twice")
        .default([{ id: "a", region }]),
      renditions: changeable.renditions.default([]),
      publishDelayMs: changeable.publishDelayMs.default(500),
      holdMs: changeable.holdMs.default(4000),
      retryDeadlineMs: changeable.retryDeadlineMs.default(6000),
      graceMs: changeable.graceMs.default(200),
      dvrWindowMs: changeable.dvrWindowMs.optional(),
      retention: z.enum(RETENTION_CLASSES).default("6h"),
      liveEdgeSegments: changeable.liveEdgeSegments.default(3),
      decodeTime: z.enum(["free", "epoch"]).default("free"),
    })
    .superRefine((event, context) => {
      const issue = (field: string, message: string) => context.addIssue({ code: "custom", path: [field], message });
      if (event.timeline === "fixed" && event.startTime === undefined) {
        issue("startTime", "is needed by the timeline `fixed`");
      }
      if (event.timeline !== "fixed" && event.startTime !== undefined) {
        issue("startTime", "is only for the timeline `fixed`");
      }
      if (event.dvrWindowMs !== undefined && event.dvrWindowMs > RETENTION_MS[event.retention]) {
        issue("dvrWindowMs", `must not be longer than the retention, ${event.retention}`);
      }
    })
    .transform(({ startTime, startNumber, dvrWindowMs, ...event }): NewEvent => {
      const start = startNumber ?? (event.timeline === "fixed" ? 1 : undefined);
      return {
        ...event,
        ...(startTime === undefined ? {} : { startTimeMs: Date.parse(startTime) }),
        ...(start === undefined ? {} : { startNumber: start }),
        dvrWindowMs: dvrWindowMs ?? Math.min(DVR_WINDOW_MS, RETENTION_MS[event.retention]),
      };
    });
};

/** `PATCH /v1/events/{id}`. What depends on the event as it stands is checked against it, in `changed`. */
export const eventChangeSchema = z
  .strictObject(changeable)
  .partial()
  // A field that is not given is absent, never undefined: the body was JSON.
  .transform((change) => change as EventChange);

/** `POST …/end`. */
export const endSchema = z.strictObject({ lastNumber: segmentNumber.optional() });

/** `POST …/tokens`. */
export const tokenSchema = z.strictObject({
  pipeline: id,
  overlapMs: count(RETENTION_MS["7d"]).default(600_000),
});

/** `POST …/masks`. */
export const maskSchema = z
  .strictObject({ pipeline: id, rendition: rendition.optional(), from: segmentNumber, to: segmentNumber.nullable() })
  .refine(({ from, to }) => to === null || from <= to, { path: ["to"], error: "must not be below `from`" })
  // As above.
  .transform((mask) => mask as Omit<NewMask, "by">);

/** `POST …/version`. */
export const emptySchema = z.strictObject({});

/** Fields of an event that are what they were at its creation. */
export const FIXED_FIELDS: ReadonlySet<string> = new Set([
  "id",
  "timeline",
  "segmentDuration",
  "startTime",
  "pipelines",
  "retention",
  "decodeTime",
]);
