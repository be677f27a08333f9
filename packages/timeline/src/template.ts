import { durationMs, multipleMs } from "./rational.ts";
import type { Anchoring, Grid, Limits, Rational, Template } from "./types.ts";

/** `epoch`: number N covers [N·d, (N + 1)·d) since the Unix epoch (interface §2, Timelines). */
export function epochTemplate(duration: Rational, limits: Limits): Template {
  return { ...limits, duration, startMs: 0 };
}

/** `fixed`: `startNumber` begins at `startTimeMs` and is the first there is. */
export function fixedTemplate(
  start: { readonly startTimeMs: number; readonly startNumber?: number; readonly duration: Rational },
  limits: Omit<Limits, "first">,
): Template {
  const { startTimeMs, startNumber = 1, duration } = start;
  return { ...limits, duration, first: startNumber, startMs: startTimeMs - multipleMs(startNumber, duration) };
}

/** `first-segment`: the anchor's number ended at its `endMs`. */
export function anchoredTemplate({ anchor, duration }: Anchoring, limits: Limits): Template {
  return { ...limits, duration, startMs: anchor.endMs - multipleMs(anchor.number + 1, duration) };
}

export function numberStartMs(grid: Grid, number: number): number {
  return grid.startMs + multipleMs(number, grid.duration);
}

export function numberEndMs(grid: Grid, number: number): number {
  return numberStartMs(grid, number + 1);
}

/** When a number ought to be there: its end and the encoder's `publishDelayMs`. */
export function expectedPublishMs(template: Template, number: number): number {
  return numberEndMs(template, number) + template.publishDelayMs;
}

/** From when on a number that is not there is given up. */
export function retryDeadlineMs(template: Template, number: number): number {
  return expectedPublishMs(template, number) + template.retryDeadlineMs;
}

/** The number being made at a time; negative before the start of number 0. */
export function numberAt(grid: Grid, timeMs: number): number {
  const estimate = Math.floor((timeMs - grid.startMs) / durationMs(grid.duration));
  if (numberStartMs(grid, estimate) > timeMs) return estimate - 1;
  return numberEndMs(grid, estimate) <= timeMs ? estimate + 1 : estimate;
}

/** The number whose end lies nearest to a time: the one expected to arrive then. */
export function numberEndingNear(grid: Grid, timeMs: number): number {
  return numberAt(grid, timeMs - durationMs(grid.duration) / 2);
}

/** Of a PUT on `epoch` and `fixed`: more than two durations before its start (interface §3). */
export function isTooEarly(grid: Grid, number: number, nowMs: number): boolean {
  return nowMs < numberStartMs(grid, number - 2);
}

/** Whether viewers can no longer seek to a number. */
export function isOutOfWindow(template: Template, number: number, nowMs: number): boolean {
  return windowEndMs(template, number) <= nowMs;
}

/** When a number leaves the DVR window. */
export function windowEndMs(template: Template, number: number): number {
  return numberEndMs(template, number) + template.dvrWindowMs;
}
