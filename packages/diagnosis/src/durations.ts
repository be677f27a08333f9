import { about, consecutive, type Lane } from "./lane.ts";
import { median, sum } from "./statistics.ts";
import {
  DRIFT_COPIES,
  DRIFT_MIN_COPIES,
  DRIFT_SUM_MS,
  DURATION_TOLERANCE,
  DURATION_TOLERANCE_MIN_MS,
  IRREGULAR_COPIES,
  MIN_COPIES,
} from "./thresholds.ts";
import type { Finding } from "./types.ts";
import { round, seconds, seen } from "./words.ts";

/** How long the segments last against what the event expects; one finding at most, the gravest. */
export function checkDurations(lane: Lane): Finding[] {
  const { event, recent } = lane;
  if (recent.length < MIN_COPIES) return [];
  const durations = recent.map((copy) => copy.durationMs);
  const typicalMs = median(durations);
  const toleranceMs = tolerance(event.segmentDurationMs);
  const odd = durations.filter((ms) => Math.abs(ms - typicalMs) > toleranceMs);
  if (odd.length >= IRREGULAR_COPIES) return [irregular(lane, durations)];
  if (Math.abs(typicalMs - event.segmentDurationMs) > toleranceMs) return [wrong(lane, typicalMs)];
  return drift(lane);
}

const tolerance = (durationMs: number): number => Math.max(durationMs * DURATION_TOLERANCE, DURATION_TOLERANCE_MIN_MS);

function irregular(lane: Lane, durations: readonly number[]): Finding {
  const expectedMs = lane.event.segmentDurationMs;
  const range = `between ${seen(Math.min(...durations))} and ${seen(Math.max(...durations))}`;
  const remedy = isVideo(lane)
    ? `put a keyframe every ${seconds(expectedMs)} and nowhere else (ffmpeg: -g and -keyint_min = ${frames(expectedMs)}, -sc_threshold 0)`
    : `let the encoder cut every ${seconds(expectedMs)}`;
  const text = `segments last ${range}, the event expects ${seen(expectedMs)} each: ${remedy}`;
  return about(lane, "warning", "irregular-durations", text);
}

function wrong(lane: Lane, typicalMs: number): Finding {
  const { segmentDurationMs: expectedMs, timeline } = lane.event;
  // `first-segment` takes its pace from the media; on the others numbers and times part with every segment.
  const severity = timeline === "first-segment" ? "warning" : "error";
  const text = `segments last ${seen(typicalMs)}, the event expects ${seen(expectedMs)}: ${remedyFor(lane, typicalMs)}`;
  return about(lane, severity, "segment-duration", text);
}

function remedyFor(lane: Lane, typicalMs: number): string {
  const expectedMs = lane.event.segmentDurationMs;
  if (!isVideo(lane) || typicalMs < expectedMs) {
    return `set the segment duration to ${seconds(expectedMs)} (ffmpeg: -hls_time ${round(expectedMs / 1000, 3)})`;
  }
  // Segments are cut at keyframes: one that is too long waited for its next.
  return `set the keyframe interval to ${seconds(expectedMs)} (ffmpeg: -g = ${frames(expectedMs)}, with -hls_time ${round(expectedMs / 1000, 3)})`;
}

/** Only where the event sets the pace. Audio follows the video of its encoder, with coarser frames. */
function drift(lane: Lane): Finding[] {
  const { event, run } = lane;
  if (event.timeline === "first-segment" || !isVideo(lane)) return [];
  const expectedMs = event.segmentDurationMs;
  const isNear = (ms: number) => Math.abs(ms - expectedMs) <= tolerance(expectedMs);
  const steady = consecutive(run, DRIFT_COPIES, (copy) => isNear(copy.durationMs));
  if (steady.length < DRIFT_MIN_COPIES) return [];
  const offMs = sum(steady.map((copy) => copy.durationMs)) - steady.length * expectedMs;
  if (Math.abs(offMs) <= DRIFT_SUM_MS) return [];
  const eachMs = offMs / steady.length;
  const meanMs = expectedMs + eachMs;
  const hourlyMs = Math.abs(eachMs) * (3_600_000 / expectedMs);
  const whole = Math.round(meanMs);
  const remake = Math.abs(whole - meanMs) < 0.1 ? `, or make the event with segmentDuration ${whole}` : "";
  const text =
    `drifts ${round(Math.abs(eachMs), 1)} ms a segment ${offMs > 0 ? "later" : "earlier"} than its clock, ${seen(hourlyMs)} an hour ` +
    `(its segments last ${seconds(meanMs)}, the event expects ${seconds(expectedMs)}): ` +
    `set frame rate and keyframe interval so that they fit (29.97 frames a second are not 30)${remake}`;
  return [about(lane, "warning", "drift", text)];
}

const isVideo = ({ recent }: Lane): boolean => recent.some((copy) => copy.video);

const frames = (durationMs: number): string => `frame rate × ${round(durationMs / 1000, 3)}`;
