import { expectedPublishMs, numberAt, retryDeadlineMs, windowEndMs } from "./template.ts";
import type { Decision, Firmness, ReadClass, RenditionState, Template } from "./types.ts";

const SECOND_MS = 1000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const UNSETTLED_MS = 2000;

export interface DecideOptions {
  /** How many numbers behind the newest still count as the live edge. */
  readonly liveEdgeSegments: number;
  readonly clockToleranceMs: number;
  /** Of a published number; `unsettled` unless told. */
  readonly firmness?: Firmness | undefined;
  /**
   * `first-segment` only: the number after the highest published in any rendition. Its clock follows the encoder, so
   * while the event goes on a number from here on is late at worst, never gone.
   */
  readonly openFrom?: number | undefined;
}

/**
 * The answer to a GET of one number: the rows of interface §4 from "after the last number of an ended event" down,
 * the first that fits. Without a template (`first-segment` before its anchor) everything is early.
 */
export function decide(
  template: Template | undefined,
  rendition: RenditionState,
  number: number,
  nowMs: number,
  options: DecideOptions,
): Decision {
  if (template === undefined) return { kind: "early", untilMs: nowMs + SECOND_MS };
  if (template.last !== undefined && number > template.last) return { kind: "after-last", untilMs: nowMs + MINUTE_MS };
  if (number < template.first) return { kind: "before-first", untilMs: beforeFirstUntilMs(template, number, nowMs) };

  const leavesWindowMs = windowEndMs(template, number);
  if (leavesWindowMs <= nowMs) return { kind: "out-of-window", untilMs: nowMs + MINUTE_MS };

  const { highest, presence, stalled } = rendition;
  if (presence === "masked") return { kind: "masked", untilMs: Math.min(nowMs + SECOND_MS, leavesWindowMs) };
  if (presence === "published") {
    return {
      kind: "published",
      class: readClass(highest, number, options.liveEdgeSegments),
      untilMs: publishedUntilMs(template, number, nowMs, options.firmness ?? "unsettled"),
    };
  }

  const deadlineMs = givenUpMs(template, number, options);
  if (deadlineMs <= nowMs) return { kind: "gone", untilMs: nowMs + MINUTE_MS };

  const soonMs = Math.min(nowMs + SECOND_MS, deadlineMs);
  if (highest !== undefined && number < highest) return { kind: "hole", untilMs: soonMs };
  if (!isHoldable(template, highest, number, nowMs, options)) {
    return { kind: "early", untilMs: earlyUntilMs(template, highest, number, nowMs, options) };
  }
  return stalled ? { kind: "stalled", untilMs: soonMs } : { kind: "hold", untilMs: nowMs + template.holdMs };
}

/** How urgent a read of a number is: `dvr` when it is older than the live edge, told from its place alone. */
export function readClass(highest: number | undefined, number: number, liveEdgeSegments: number): ReadClass {
  return (highest ?? number) - number > liveEdgeSegments ? "dvr" : "live-edge";
}

/** How long the copy chosen for a published number may be kept: to the end of the DVR window once it is settled. */
export function publishedUntilMs(template: Template, number: number, nowMs: number, firmness: Firmness): number {
  const leavesWindowMs = windowEndMs(template, number);
  if (firmness === "settled") return leavesWindowMs;
  return Math.min(nowMs + (firmness === "unsettled" ? UNSETTLED_MS : SECOND_MS), leavesWindowMs);
}

/** Where segments come out of order at the beginning, the first to come is not the first there will be. */
function beforeFirstUntilMs(template: Template, number: number, nowMs: number): number {
  const mayCome = template.firstMayFall === true && retryDeadlineMs(template, number) > nowMs;
  return nowMs + (mayCome ? SECOND_MS : MINUTE_MS);
}

function isOpen(template: Template, number: number, { openFrom }: DecideOptions): boolean {
  return template.last === undefined && openFrom !== undefined && number >= openFrom;
}

function givenUpMs(template: Template, number: number, options: DecideOptions): number {
  return isOpen(template, number, options) ? Number.POSITIVE_INFINITY : retryDeadlineMs(template, number);
}

/** The smallest number above the highest published that is not given up. */
function nextNumber(template: Template, highest: number | undefined, nowMs: number, options: DecideOptions): number {
  const afterHighest = Math.max(template.first, highest === undefined ? template.first : highest + 1);
  const oldestAwaited = numberAt(template, nowMs - template.publishDelayMs - template.retryDeadlineMs);
  const { openFrom } = options;
  const ceiling = openFrom !== undefined && isOpen(template, openFrom, options) ? openFrom : Number.POSITIVE_INFINITY;
  return Math.max(afterHighest, Math.min(oldestAwaited, ceiling));
}

/**
 * Whether a number is the next one and due within `holdMs`. Clocks differ, so a number is also held that would be
 * the next one `clockToleranceMs` later, or whose predecessor is due within that time of now.
 */
function isHoldable(
  template: Template,
  highest: number | undefined,
  number: number,
  nowMs: number,
  options: DecideOptions,
): boolean {
  const { clockToleranceMs } = options;
  if (expectedPublishMs(template, number) - nowMs > template.holdMs + clockToleranceMs) return false;
  if (number <= nextNumber(template, highest, nowMs + clockToleranceMs, options)) return true;
  const predecessor = number - 1;
  if (predecessor > nextNumber(template, highest, nowMs, options)) return false;
  return Math.abs(nowMs - expectedPublishMs(template, predecessor)) < clockToleranceMs;
}

/** From when on a later number can be held: its predecessor should be there, and itself due within `holdMs`. */
function earlyUntilMs(
  template: Template,
  highest: number | undefined,
  number: number,
  nowMs: number,
  options: DecideOptions,
): number {
  const dueSoonMs = expectedPublishMs(template, number) - template.holdMs;
  const isNext = number <= nextNumber(template, highest, nowMs, options);
  const fromMs = isNext ? dueSoonMs : Math.max(dueSoonMs, expectedPublishMs(template, number - 1));
  return Math.min(Math.max(fromMs, nowMs + SECOND_MS), nowMs + HOUR_MS);
}
