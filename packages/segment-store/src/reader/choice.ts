import { type Choice, type Candidate as Choosable, choose } from "@headwater/selection";
import { retryDeadlineMs, type Template } from "@headwater/timeline";
import type { Candidate, EventRecord } from "../model/index.ts";

type Wrapped = Choosable & { readonly of: Candidate };

/** Which copy of a number is served, from all its candidates and those of the two numbers before. */
export function chooseCandidate(
  event: EventRecord,
  template: Template | undefined,
  candidates: readonly Candidate[],
  before: readonly Candidate[],
  nowMs: number,
  clockToleranceMs: number,
): Omit<Choice, "candidate"> & { readonly candidate?: Candidate } {
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
      masked: false,
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
