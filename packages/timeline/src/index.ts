export { type DecideOptions, decide, publishedUntilMs, readClass } from "./decide.ts";
export { type Arrival, reanchor } from "./drift.ts";
export { durationMs, isSegmentDuration, mean, parseDuration, rational } from "./rational.ts";
export { type Mapping, mapIncoming, type Observation, originNumber, presumedRun, type RunsState } from "./runs.ts";
export {
  anchoredTemplate,
  epochTemplate,
  expectedPublishMs,
  fixedTemplate,
  isOutOfWindow,
  isTooEarly,
  numberAt,
  numberEndingNear,
  numberEndMs,
  numberStartMs,
  retryDeadlineMs,
  windowEndMs,
} from "./template.ts";
export type {
  Anchor,
  Anchoring,
  Decision,
  Firmness,
  Grid,
  Limits,
  Presence,
  Rational,
  ReadClass,
  RenditionState,
  Run,
  Template,
} from "./types.ts";
