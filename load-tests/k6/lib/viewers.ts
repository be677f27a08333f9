import exec from "k6/execution";
import { ask } from "./ask.ts";
import { type LiveEvent, newestIn, renditionOf, urlOf } from "./event.ts";
import { segmentClock } from "./template.ts";

/** Nearer to the live edge than this nobody is said to seek back. */
const LIVE_EDGE_NUMBERS = 10;

/** One turn of a viewer at the live edge: a playlist and its newest segment. */
export function watch(event: LiveEvent): void {
  const { playlist } = renditionOf(event, exec.scenario.iterationInTest);
  const { body } = ask("playlist", playlist, { keepBody: true });
  const newest = newestIn(playlist, body);
  if (newest !== undefined) ask("segment", newest);
}

/** One segment somewhere in the DVR window, each as likely as the others. */
export function rewind(event: LiveEvent): void {
  const nowMs = Date.now();
  const clock = segmentClock(event.template);
  const [oldest, newest] = [clock.oldest(nowMs), clock.newestDue(nowMs) - LIVE_EDGE_NUMBERS];
  const number = oldest + Math.floor(Math.random() * Math.max(1, newest - oldest + 1));
  ask("dvr", urlOf(renditionOf(event, exec.scenario.iterationInTest), number));
}
