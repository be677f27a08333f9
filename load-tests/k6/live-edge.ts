/** The live edge alone: three fleets of edges, which ask early and are held, all together, and late. */
import { LIVE_EDGE } from "./lib/classes.ts";
import { findEvent } from "./lib/event.ts";
import { fleet } from "./lib/load.ts";
import { scenario } from "./lib/scenario.ts";
import { amount, seconds } from "./lib/settings.ts";
import { summary } from "./lib/summary.ts";

/** Edges of each fleet: each asks for every segment of one rendition. */
const EDGES = amount("EDGES", 20);
const span = { seconds: seconds("DURATION", "30s") };

export const options = scenario(
  { held: fleet("held", EDGES, span), together: fleet("together", EDGES, span), late: fleet("late", EDGES, span) },
  LIVE_EDGE,
);
export { held, late, together } from "./lib/edges.ts";
export const setup = findEvent;
export const handleSummary = summary("live-edge", LIVE_EDGE);
