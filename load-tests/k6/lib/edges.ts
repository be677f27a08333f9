/** What edges ask for at the live edge: early, all together, and late. One call is one turn of one edge. */
import { sleep } from "k6";
import exec from "k6/execution";
import { ask } from "./ask.ts";
import { type LiveEvent, renditionOf, urlOf } from "./event.ts";
import { segmentClock } from "./template.ts";

const AFTER_A_MISS_SEC = 0.2;
/** The number that this virtual user asked for last. */
let asked = 0;

/** Asks for the next number as soon as it has the one before: the origin holds it. */
export function held(event: LiveEvent): void {
  const clock = segmentClock(event.template);
  asked = Math.max(asked + 1, clock.newestDue(Date.now()) + 1);
  const { outcome } = ask("held", urlOf(mine(event), asked), { fromMs: clock.endOf(asked) });
  if (outcome === "right") return;
  asked -= 1;
  sleep(AFTER_A_MISS_SEC);
}

/** Waits for the moment at which the next number is due, as all the others do. */
export function together(event: LiveEvent): void {
  const clock = segmentClock(event.template);
  asked = Math.max(asked, clock.newestDue(Date.now())) + 1;
  sleepUntil(clock.dueAt(asked));
  ask("together", urlOf(mine(event), asked));
}

/** Asks up to two durations after a number was due. */
export function late(event: LiveEvent): void {
  const clock = segmentClock(event.template);
  asked = Math.max(asked, clock.newestDue(Date.now())) + 1;
  sleepUntil(clock.dueAt(asked) + 2 * Math.random() * clock.durationMs);
  ask("late", urlOf(mine(event), asked));
}

const mine = (event: LiveEvent) => renditionOf(event, exec.vu.idInTest);

function sleepUntil(atMs: number): void {
  const ms = atMs - Date.now();
  if (ms > 0) sleep(ms / 1000);
}
