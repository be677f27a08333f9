import {
  anchoredTemplate,
  epochTemplate,
  fixedTemplate,
  numberAt,
  retryDeadlineMs,
  type Template,
} from "@headwater/timeline";
import type { EventRecord } from "../model/event.ts";
import type { Shape } from "../model/shape.ts";

interface Known {
  readonly event: EventRecord;
  readonly revision: number;
  readonly template: Template | undefined;
}

/** The last answer for each shape: the template is asked for with every request and changes with hardly any. */
const known = new WeakMap<Shape, Known>();

/**
 * The event's template as its row and its shape give it; undefined on `first-segment` before the anchor. The same
 * object until one of them changes.
 */
export function templateOf(event: EventRecord, shape: Shape): Template | undefined {
  const last = known.get(shape);
  if (last !== undefined && last.event === event && last.revision === shape.revision) return last.template;
  const template = makeTemplate(event, shape);
  known.set(shape, { event, revision: shape.revision, template });
  return template;
}

function makeTemplate(event: EventRecord, shape: Shape): Template | undefined {
  const limits = {
    first: event.startNumber ?? lowestPublished(shape) ?? 0,
    firstMayFall: event.startNumber === undefined && event.timeline !== "fixed",
    ...(event.end?.lastNumber === undefined ? {} : { last: event.end.lastNumber }),
    publishDelayMs: event.publishDelayMs,
    retryDeadlineMs: event.retryDeadlineMs,
    holdMs: event.holdMs,
    dvrWindowMs: event.dvrWindowMs,
  };
  switch (event.timeline) {
    case "epoch": {
      const template = epochTemplate(event.segmentDuration, limits);
      const first = event.startNumber ?? lowestPublished(shape) ?? numberAt(template, event.createdAtMs);
      return { ...template, first };
    }
    case "fixed": {
      const { startTimeMs = 0, startNumber = 1 } = event;
      return fixedTemplate({ startTimeMs, startNumber, duration: event.segmentDuration }, limits);
    }
    case "first-segment": {
      const anchor = shape.anchor();
      return anchor === undefined ? undefined : anchoredTemplate({ anchor, duration: anchor.duration }, limits);
    }
  }
}

/** From when on nothing more comes of an ended event: its last number's retry deadline. Undefined while it goes on. */
export function closesAtMs(event: EventRecord, shape: Shape): number | undefined {
  if (event.end === undefined) return undefined;
  const template = templateOf(event, shape);
  const deadlineMs = template?.last === undefined ? 0 : retryDeadlineMs(template, template.last);
  return Math.max(event.end.atMs, deadlineMs);
}

function lowestPublished(shape: Shape): number | undefined {
  const firsts = shape.all("stream").map((stream) => stream.firstNumber);
  return firsts.length === 0 ? undefined : Math.min(...firsts);
}
