import { checkAudio, checkContainers, checkRestarts } from "./agreement.ts";
import { checkContent } from "./content.ts";
import { checkDurations } from "./durations.ts";
import { isSilent, type Lane, laneOf } from "./lane.ts";
import { checkPresence } from "./presence.ts";
import { checkTiming } from "./timing.ts";
import { CODES, type EventFeed, type Finding, SEVERITIES } from "./types.ts";

/**
 * What is wrong with what encoders send for an event, worst first; nothing for a healthy feed. Of a rendition that has
 * fallen silent only that is told.
 */
export function diagnose(event: EventFeed, nowMs: number): Finding[] {
  const lanes = inOrder(event).map((feed) => laneOf(event, feed));
  const live = lanes.filter((lane) => !isSilent(lane, nowMs));
  const findings = [
    ...checkPresence(event, lanes, nowMs),
    ...live.flatMap(checkLane),
    ...checkRestarts(event, nowMs),
    ...checkContainers(live),
    ...checkAudio(live),
  ];
  // Sorting is stable: within a code pipelines stay in the event's order, renditions in that of their names.
  return findings.sort((a, b) => severity(a) - severity(b) || code(a) - code(b));
}

function checkLane(lane: Lane): Finding[] {
  const durations = checkDurations(lane);
  const isPaced = durations.every(({ code }) => code === "drift");
  // Segments of another length are late and misnumbered for that alone.
  return [...durations, ...(isPaced ? checkTiming(lane) : []), ...checkContent(lane)];
}

function inOrder({ pipelines, feeds }: EventFeed): EventFeed["feeds"] {
  const place = (pipeline: string) => pipelines.indexOf(pipeline);
  return [...feeds].sort(
    (a, b) =>
      place(a.pipeline) - place(b.pipeline) || Number(a.rendition > b.rendition) - Number(a.rendition < b.rendition),
  );
}

const severity = (finding: Finding): number => SEVERITIES.indexOf(finding.severity);
const code = (finding: Finding): number => CODES.indexOf(finding.code);
