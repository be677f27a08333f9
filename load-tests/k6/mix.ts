/**
 * Everything at once: edges at the live edge, viewers who lose their network and come back ten times as many, a 404
 * storm, and in the middle half everybody seeks back. Encoders should be publishing meanwhile.
 */
import { type Class, LIVE_EDGE, NOT_FOUND } from "./lib/classes.ts";
import { findEvent } from "./lib/event.ts";
import { fleet, steady, steps } from "./lib/load.ts";
import { scenario } from "./lib/scenario.ts";
import { amount, seconds } from "./lib/settings.ts";
import { summary } from "./lib/summary.ts";

/** Viewers' turns a second, and how many times as many come back. */
const RATE = amount("RATE", 10);
const TIMES = amount("TIMES", 10);
/** Edges of each fleet. */
const EDGES = amount("EDGES", 10);
/** Requests a second that are to be answered 404. */
const NOT_FOUND_RATE = amount("NOT_FOUND_RATE", 300);
/** DVR segments a second. */
const DVR_RATE = amount("DVR_RATE", 60);
const total = seconds("DURATION", "60s");
const OUTAGE = seconds("OUTAGE", `${Math.max(1, Math.min(30, Math.round(total / 4)))}s`);

const whole = { seconds: total };
const quarter = Math.max(1, Math.round(total / 4));
const surge = Math.max(1, Math.round(total / 10));
const after = Math.max(1, total - quarter - OUTAGE - surge);
const CLASSES: readonly Class[] = [...LIVE_EDGE, "playlist", "segment", "dvr", ...NOT_FOUND];

export const options = scenario(
  {
    ...Object.fromEntries(LIVE_EDGE.map((name) => [name, fleet(name, EDGES, whole)])),
    ...Object.fromEntries(NOT_FOUND.map((name) => [name, steady(name, NOT_FOUND_RATE / 3, whole)])),
    viewers: steps("watch", [
      { rate: RATE, seconds: quarter },
      { rate: 0, seconds: OUTAGE },
      { rate: RATE * TIMES, seconds: surge },
      { rate: RATE, seconds: after },
    ]),
    dvr: steady("rewind", DVR_RATE, { seconds: Math.max(1, Math.round(total / 2)), startSec: quarter }),
  },
  CLASSES,
);
export { held, late, together } from "./lib/edges.ts";
export { early, hostile, unknown } from "./lib/not-found.ts";
export { rewind, watch } from "./lib/viewers.ts";
export const setup = findEvent;
export const handleSummary = summary("mix", CLASSES);
