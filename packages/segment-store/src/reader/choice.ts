import { type Choice, type Candidate as Choosable, choose } from "@headwater/selection";
import { retryDeadlineMs, type Template } from "@headwater/timeline";
import type { EventView } from "../catalog/index.ts";
import type { Candidate, EventRecord } from "../model/index.ts";

type Wrapped = Choosable & { readonly of: Candidate };

/** Whose numbers are chosen from. */
export interface ChoiceScope {
  readonly view: EventView;
  readonly rendition: string;
  readonly clockToleranceMs: number;
}

/** What a number's choice is made from: all its candidates, and those of the two numbers before. */
export interface Copies {
  readonly candidates: readonly Candidate[];
  readonly before: readonly Candidate[];
}

/** Which copy of a number is served. */
export function chooseCandidate(
  { view, rendition, clockToleranceMs }: ChoiceScope,
  template: Template | undefined,
  { candidates, before }: Copies,
  nowMs: number,
): Omit<Choice, "candidate"> & { readonly candidate?: Candidate } {
  const { event, masks } = view;
  const number = candidates[0]?.number ?? 0;
  const { candidate, ...choice } = choose<Wrapped>({
    order: event.pipelines.map((pipeline) => pipeline.id),
    candidates: candidates.map((of) => ({
      of,
      pipeline: of.pipeline,
      upload: of.ref.nonce,
      stampMs: of.stampMs,
      sizeBytes: of.ref.sizeBytes,
      defects: of.report.defects,
      masked: masks.hides(of.pipeline, rendition, of.number),
    })),
    previousPublishers: new Set(before.map((candidate) => candidate.pipeline)),
    graceMs: event.graceMs,
    clockToleranceMs,
    ...(template !== undefined && { replaceableUntilMs: retryDeadlineMs(template, number) }),
    nowMs,
  });
  return candidate === undefined ? choice : { ...choice, candidate: candidate.of };
}

/** Whether there is one pipeline, and it has sent a copy without defects: nothing replaces that. */
export function isOnlyCopy(event: EventRecord, { reason }: Pick<Choice, "reason">): boolean {
  return event.pipelines.length === 1 && reason !== "least-bad";
}
