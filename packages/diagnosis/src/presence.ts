import { isSilent, type Lane, silentAfterMs, subject } from "./lane.ts";
import { OUT_OF_STEP_MIN_MS, OUT_OF_STEP_NUMBERS } from "./thresholds.ts";
import type { EventFeed, Finding } from "./types.ts";
import { ago, count, list, seen } from "./words.ts";

/** Pipelines and renditions of which nothing comes, or comes no more. */
export function checkPresence(event: EventFeed, lanes: readonly Lane[], nowMs: number): Finding[] {
  if (event.ended || (event.startTimeMs ?? 0) > nowMs) return [];
  if (lanes.length === 0) return [nothingAtAll(event, nowMs)];
  const silent = new Set(lanes.filter((lane) => isSilent(lane, nowMs)));
  const active = lanes.filter((lane) => !silent.has(lane));
  // What begins together does not come in the same instant.
  const begunMs = Math.min(...lanes.map(({ feed }) => Math.min(feed.lastStampMs, feed.copies[0]?.stampMs ?? Infinity)));
  const isBegun = nowMs - begunMs > silentAfterMs(event.segmentDurationMs);
  return event.pipelines.flatMap((pipeline) => {
    const own = lanes.filter(({ feed }) => feed.pipeline === pipeline);
    if (own.length === 0) return isBegun ? [nothingFrom(event, pipeline, active)] : [];
    if (own.every((lane) => silent.has(lane))) return [pipelineSilent(pipeline, own, active, nowMs)];
    return [
      ...own.filter((lane) => silent.has(lane)).map((lane) => renditionSilent(lane, active, nowMs)),
      ...(isBegun ? renditionsMissing(event, pipeline, lanes) : []),
      ...outOfStep(own.filter((lane) => !silent.has(lane))),
    ];
  });
}

function nothingAtAll(event: EventFeed, nowMs: number): Finding {
  return {
    severity: "info",
    code: "nothing-published",
    message: `nothing has come for this event yet: start an encoder with the publish URL and token of ${pipelines(event)}${numbersHint(event, nowMs)}`,
  };
}

const pipelines = (event: EventFeed): string =>
  event.pipelines.length === 1 ? `pipeline ${event.pipelines[0]}` : `pipelines ${list(event.pipelines)}`;

/** Numbers that do not fit are refused, so nothing of them is seen here. */
function numbersHint({ timeline, segmentDurationMs }: EventFeed, nowMs: number): string {
  if (timeline === "first-segment") return "";
  if (timeline === "fixed") return "; its numbers must count from the event's startTime, others are refused with 409";
  const number = Math.floor(nowMs / segmentDurationMs);
  return `; its numbers must follow the epoch (now ${number}), others are refused with 409`;
}

function nothingFrom(event: EventFeed, pipeline: string, active: readonly Lane[]): Finding {
  const others = publishers(active);
  const contrast =
    others.length === 0 ? "" : `, while ${list(others)} ${others.length === 1 ? "publishes" : "publish"}`;
  const refused = event.timeline === "first-segment" ? "" : ", or whether its numbers are refused with 409";
  return {
    severity: "warning",
    code: "nothing-published",
    pipeline,
    message: `nothing from pipeline ${pipeline}${contrast}: look whether its encoder runs, with its own publish URL and token${refused}`,
  };
}

function pipelineSilent(pipeline: string, own: readonly Lane[], active: readonly Lane[], nowMs: number): Finding {
  const lastMs = Math.max(...own.map(({ feed }) => feed.lastStampMs));
  const everyMs = Math.max(...own.map((lane) => lane.everyMs));
  const rest = active.length === 0 ? ", or end the event" : "";
  return {
    severity: active.length === 0 ? "error" : "warning",
    code: "pipeline-silent",
    pipeline,
    message: `nothing for ${ago(nowMs - lastMs)} from pipeline ${pipeline} (a segment is due every ${due(everyMs)}): look whether its encoder runs and reaches Headwater${rest}`,
  };
}

function renditionSilent(lane: Lane, active: readonly Lane[], nowMs: number): Finding {
  const { rendition, pipeline, lastStampMs } = lane.feed;
  const isElsewhere = active.some(({ feed }) => feed.rendition === rendition);
  return {
    severity: isElsewhere ? "warning" : "error",
    code: "rendition-silent",
    rendition,
    pipeline,
    message: `${subject(lane)}: nothing for ${ago(nowMs - lastStampMs)} (a segment is due every ${due(lane.everyMs)}) while the encoder's other renditions go on: look for this output in its log`,
  };
}

function renditionsMissing(event: EventFeed, pipeline: string, lanes: readonly Lane[]): Finding[] {
  const all = new Set([...event.renditions, ...lanes.map(({ feed }) => feed.rendition)]);
  const own = new Set(lanes.filter(({ feed }) => feed.pipeline === pipeline).map(({ feed }) => feed.rendition));
  return [...all]
    .filter((rendition) => !own.has(rendition))
    .map((rendition) => {
      const why = event.renditions.includes(rendition) ? "the event names it" : "another pipeline publishes it";
      return {
        severity: "warning",
        code: "rendition-missing",
        rendition,
        pipeline,
        message: `${rendition}: nothing from pipeline ${pipeline}, though ${why}: add it to the encoder's outputs, or see that the encoder gives it this name`,
      };
    });
}

function outOfStep(lanes: readonly Lane[]): Finding[] {
  const heads = lanes.flatMap((lane) => (lane.recent.length === 0 ? [] : [{ lane, head: lane.recent.at(-1)!.number }]));
  const front = Math.max(...heads.map(({ head }) => head));
  return heads.flatMap(({ lane, head }) => {
    const behind = front - head;
    if (behind < OUT_OF_STEP_NUMBERS || behind * lane.everyMs < OUT_OF_STEP_MIN_MS) return [];
    const { rendition, pipeline } = lane.feed;
    const message = `${subject(lane)}: is ${count(behind, "segment")} (${seen(behind * lane.everyMs)}) behind the encoder's other renditions, they should be level: see that the encoder numbers all renditions alike and has the CPU and uplink for this one`;
    return [{ severity: "warning", code: "out-of-step", rendition, pipeline, message }];
  });
}

function publishers(lanes: readonly Lane[]): string[] {
  return [...new Set(lanes.map(({ feed }) => `pipeline ${feed.pipeline}`))];
}

const due = (ms: number): string => (ms % 1000 === 0 ? `${ms / 1000} s` : seen(ms));
