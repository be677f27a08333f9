import { about, type Lane } from "./lane.ts";
import { median } from "./statistics.ts";
import {
  AHEAD_DURATIONS,
  AHEAD_MIN_MS,
  LATE_DURATIONS,
  LATE_MIN_MS,
  MIN_COPIES,
  PACE_MIN_INTERVALS,
  PACE_TOLERANCE,
} from "./thresholds.ts";
import type { Copy, Finding } from "./types.ts";
import { count, seen } from "./words.ts";

/** When the segments come against when they should; one finding at most, the cause rather than what follows from it. */
export function checkTiming(lane: Lane): Finding[] {
  const finding = pace(lane) ?? offset(lane) ?? late(lane);
  return finding === undefined ? [] : [finding];
}

/** Media time against the time it takes to come. */
function pace(lane: Lane): Finding | undefined {
  const { recent } = lane;
  const pairs = recent.slice(1).flatMap((copy, i) => {
    const before = recent[i]!;
    if (copy.number !== before.number + 1 || copy.durationMs <= 0) return [];
    return [{ intervalMs: copy.stampMs - before.stampMs, durationMs: copy.durationMs }];
  });
  if (pairs.length < PACE_MIN_INTERVALS) return undefined;
  const ratio = median(pairs.map(({ intervalMs, durationMs }) => intervalMs / durationMs));
  if (Math.abs(ratio - 1) <= PACE_TOLERANCE) return undefined;
  const intervalMs = Math.max(0, median(pairs.map((pair) => pair.intervalMs)));
  const comes = `a segment of ${seen(median(pairs.map((pair) => pair.durationMs)))} comes every ${seen(intervalMs)}`;
  if (ratio > 1) {
    const text = `${comes}, slower than real time: give the encoder more CPU or a faster preset, and the uplink more room`;
    return about(lane, "error", "slower-than-real-time", text);
  }
  const text = `${comes}, faster than real time: let the encoder read its input at its own pace (ffmpeg: -re before -i)`;
  return about(lane, "warning", "faster-than-real-time", text);
}

/** `epoch` and `fixed`: numbers that belong to another time. */
function offset(lane: Lane): Finding | undefined {
  const { event, recent } = lane;
  if (event.timeline === "first-segment" || recent.length < MIN_COPIES) return undefined;
  const latenessMs = usualLatenessMs(recent);
  const behindMs = latenessMs + event.publishDelayMs;
  const isAhead = -behindMs > Math.max(event.segmentDurationMs * AHEAD_DURATIONS, AHEAD_MIN_MS);
  // So late that they are given up before they come.
  const isBehind = latenessMs > event.retryDeadlineMs && behindMs > event.segmentDurationMs;
  if (!isAhead && !isBehind) return undefined;
  const numbers = Math.max(1, Math.round(Math.abs(behindMs) / event.segmentDurationMs));
  const cause =
    event.timeline === "epoch"
      ? "the encoder's clock is off or it does not number by the epoch, so set its clock (NTP) and its numbering"
      : "the encoder's clock is off or it does not count from the event's startTime, so set its clock (NTP) and its first number";
  const text = `numbers are ${numbers} ${isAhead ? "ahead of" : "behind"} the ones due when they come: ${cause}`;
  return about(lane, "error", "number-offset", text);
}

function late(lane: Lane): Finding | undefined {
  const { event, recent } = lane;
  if (recent.length < MIN_COPIES) return undefined;
  const latenessMs = usualLatenessMs(recent);
  const lateMs = Math.max(event.segmentDurationMs * LATE_DURATIONS, LATE_MIN_MS);
  if (latenessMs <= lateMs) return undefined;
  // Who waits for a number is turned away after `holdMs`.
  const severity = latenessMs > Math.max(lateMs, event.holdMs) ? "error" : "warning";
  const due =
    event.publishDelayMs === 0 ? "a segment is due at its end" : `due ${seen(event.publishDelayMs)} after its end`;
  const share = recent.filter((copy) => copy.latenessMs > lateMs).length;
  const text =
    `arrives ${seen(latenessMs)} late on average (${due}, ${share} of the last ${count(recent.length, "segment")} late): ` +
    "look at the encoder's load and uplink, or raise the event's publishDelayMs";
  return about(lane, severity, "late", text);
}

/** The median: a single segment that came after a break of the encoder is no habit. */
const usualLatenessMs = (copies: readonly Copy[]): number => median(copies.map((copy) => copy.latenessMs));
