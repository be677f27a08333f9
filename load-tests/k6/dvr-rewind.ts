/** Everybody seeks back at once, all over the DVR window, and stays there, while a fleet goes on at the live edge. */
import { type Class, LIVE_EDGE } from "./lib/classes.ts";
import { findEvent } from "./lib/event.ts";
import { fleet, steps } from "./lib/load.ts";
import { scenario } from "./lib/scenario.ts";
import { amount, seconds } from "./lib/settings.ts";
import { summary } from "./lib/summary.ts";

/** DVR segments a second once all have sought back; before that a tenth. */
const RATE = amount("RATE", 100);
const EDGES = amount("EDGES", 5);
const total = seconds("DURATION", "30s");
const before = Math.ceil(total / 4);
const CLASSES: readonly Class[] = [...LIVE_EDGE, "dvr"];

export const options = scenario(
  {
    ...Object.fromEntries(LIVE_EDGE.map((name) => [name, fleet(name, EDGES, { seconds: total })])),
    dvr: steps("rewind", [
      { rate: RATE / 10, seconds: before },
      { rate: RATE, seconds: Math.max(1, total - before) },
    ]),
  },
  CLASSES,
);
export { held, late, together } from "./lib/edges.ts";
export { rewind } from "./lib/viewers.ts";
export const setup = findEvent;
export const handleSummary = summary("dvr-rewind", CLASSES);
