import { byBadness } from "./least-bad.ts";
import type { Candidate, Choice, ChoiceInput } from "./types.ts";

/** Which copy of a number is served, why, and whether that stands (interface §5). */
export function choose<C extends Candidate>(input: ChoiceInput<C>): Choice<C> {
  if (input.candidates.length === 0) return { settled: false, reason: "none" };
  const unmasked = input.candidates.filter((candidate) => !candidate.masked);
  if (unmasked.length === 0) return { settled: false, reason: "all-masked" };

  const inTime = replaceable(unmasked, input.replaceableUntilMs);
  const valid = inTime.filter(isValid);
  return valid.length > 0 ? chooseValid(valid, input) : chooseLeastBad(inTime, input);
}

/** Where one came before the retry deadline, those after it come too late to replace it. */
function replaceable<C extends Candidate>(unmasked: readonly C[], untilMs: number | undefined): readonly C[] {
  if (untilMs === undefined) return unmasked;
  const inTime = unmasked.filter(({ stampMs }) => stampMs <= untilMs);
  return inTime.length > 0 ? inTime : unmasked;
}

function chooseValid<C extends Candidate>(valid: readonly C[], input: ChoiceInput<C>): Choice<C> {
  const { order, previousPublishers, graceMs, clockToleranceMs, nowMs } = input;
  const firstMs = Math.min(...valid.map(({ stampMs }) => stampMs));
  const eligible = valid.filter(
    ({ stampMs, pipeline }) =>
      stampMs === firstMs || (stampMs <= firstMs + graceMs && previousPublishers.has(pipeline)),
  );
  const candidate = first(eligible, byOrder(order));
  const reason = candidate.stampMs === firstMs ? "first-valid" : "grace";
  const unrivalled = order.length === 1 || candidate.pipeline === order[0];
  if (unrivalled) return { candidate, settled: true, reason };
  return { candidate, reason, ...settling(firstMs + graceMs + clockToleranceMs, nowMs) };
}

function chooseLeastBad<C extends Candidate>(defective: readonly C[], input: ChoiceInput<C>): Choice<C> {
  const { order, replaceableUntilMs, clockToleranceMs, nowMs } = input;
  const inOrder = byOrder(order);
  const candidate = first(defective, (a, b) => byBadness(a, b) || inOrder(a, b));
  if (replaceableUntilMs === undefined) return { candidate, settled: false, reason: "least-bad" };
  return { candidate, reason: "least-bad", ...settling(replaceableUntilMs + clockToleranceMs, nowMs) };
}

function isValid({ defects }: Candidate): boolean {
  return defects.length === 0;
}

function settling(settlesAtMs: number, nowMs: number): Pick<Choice, "settled" | "settlesAtMs"> {
  return nowMs >= settlesAtMs ? { settled: true } : { settled: false, settlesAtMs };
}

/** A total order: by pipeline, those that left the event last; of one pipeline the earliest, then the smaller id. */
function byOrder(order: readonly string[]): (a: Candidate, b: Candidate) => number {
  const rank = ({ pipeline }: Candidate) => {
    const index = order.indexOf(pipeline);
    return index === -1 ? order.length : index;
  };
  return (a, b) =>
    rank(a) - rank(b) || compare(a.pipeline, b.pipeline) || a.stampMs - b.stampMs || compare(a.upload, b.upload);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function first<C>(values: readonly C[], by: (a: C, b: C) => number): C {
  return values.reduce((best, value) => (by(value, best) < 0 ? value : best));
}
