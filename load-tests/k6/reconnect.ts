/** The viewers' network is gone for a while, then all are back at once, ten times as many as before, on new connections. */
import type { Class } from "./lib/classes.ts";
import { findEvent } from "./lib/event.ts";
import { steps } from "./lib/load.ts";
import { scenario } from "./lib/scenario.ts";
import { amount, seconds } from "./lib/settings.ts";
import { summary } from "./lib/summary.ts";

/** Viewers' turns a second before: each gets the playlist and its newest segment. */
const RATE = amount("RATE", 10);
const TIMES = amount("TIMES", 10);
/** Before, during the outage, with all back at once, and after. */
const BEFORE = seconds("BEFORE", "10s");
const OUTAGE = seconds("OUTAGE", "30s");
const SURGE = seconds("SURGE", "10s");
const AFTER = seconds("AFTER", "10s");
const CLASSES: readonly Class[] = ["playlist", "segment"];

export const options = {
  ...scenario(
    {
      viewers: steps("watch", [
        { rate: RATE, seconds: BEFORE },
        { rate: 0, seconds: OUTAGE },
        { rate: RATE * TIMES, seconds: SURGE },
        { rate: RATE, seconds: AFTER },
      ]),
    },
    CLASSES,
  ),
  noVUConnectionReuse: true,
};
export { watch } from "./lib/viewers.ts";
export const setup = findEvent;
export const handleSummary = summary("reconnect", CLASSES);
