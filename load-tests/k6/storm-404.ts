/** Numbers that are not due, names that do not exist, and nonsense, while a small fleet reads the live edge. */
import { LIVE_EDGE, NOT_FOUND } from "./lib/classes.ts";
import { findEvent } from "./lib/event.ts";
import { fleet, steady } from "./lib/load.ts";
import { scenario } from "./lib/scenario.ts";
import { amount, seconds } from "./lib/settings.ts";
import { summary } from "./lib/summary.ts";

/** Requests a second that are to be answered 404, a third of each class. */
const RATE = amount("RATE", 300);
/** Edges of each fleet at the live edge; with 0 there is nothing but the storm. */
const EDGES = amount("EDGES", 5);
const span = { seconds: seconds("DURATION", "30s") };
const CLASSES = [...(EDGES > 0 ? LIVE_EDGE : []), ...NOT_FOUND];

export const options = scenario(
  {
    ...Object.fromEntries((EDGES > 0 ? LIVE_EDGE : []).map((name) => [name, fleet(name, EDGES, span)])),
    ...Object.fromEntries(NOT_FOUND.map((name) => [name, steady(name, RATE / 3, span)])),
  },
  CLASSES,
);
export { held, late, together } from "./lib/edges.ts";
export { early, hostile, unknown } from "./lib/not-found.ts";
export const setup = findEvent;
export const handleSummary = summary("storm-404", CLASSES);
