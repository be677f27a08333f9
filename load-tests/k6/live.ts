/**
 * A live event as its origin or an edge sees it: viewers at the live edge, and at the same time a storm of requests that
 * are to be answered 404.
 */
import { type Class, NOT_FOUND } from "./lib/classes.ts";
import { findEvent } from "./lib/event.ts";
import { steady } from "./lib/load.ts";
import { scenario } from "./lib/scenario.ts";
import { amount, seconds } from "./lib/settings.ts";
import { summary } from "./lib/summary.ts";

/** Viewers' turns a second: each gets the playlist and its newest segment. */
const RATE = amount("RATE", 20);
/** Requests a second of each class of the storm. */
const STORM_RATE = amount("STORM_RATE", RATE);
const span = { seconds: seconds("DURATION", "30s") };
const CLASSES: readonly Class[] = ["playlist", "segment", ...NOT_FOUND];

export const options = scenario(
  {
    live: steady("watch", RATE, span),
    early: steady("early", STORM_RATE, span),
    unknown: steady("unknown", STORM_RATE, span),
    hostile: steady("hostile", STORM_RATE, span),
  },
  CLASSES,
);
export { early, hostile, unknown } from "./lib/not-found.ts";
export { watch } from "./lib/viewers.ts";
export const setup = findEvent;
export const handleSummary = summary("live", CLASSES);
