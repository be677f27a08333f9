import { byBadness } from "./least-bad.ts";
import type { Candidate, Choice, ChoiceInput } from "./types.ts";

/** Which copy of a number is served, why, and whether that stands (interface §5). */
export function choose<C extends Candidate>(input: ChoiceInput<C>): Choice<C> {
  if (input.candidates.length === 0) return { settled: false, reason: "none" };
  const unmasked = input.candidates.filter((candidate) => !candidate.masked);
  if (unmasked.length === 0) return { settled: false, reason: "all-masked" };

  const untilMs = replaceableUntil(unmasked, input);
  const inTime = unmasked.filter(({ stampMs }) => stampMs <= untilMs);
  const valid = inTime.filter(isValid);
  return valid.length > 0 ? chooseValid(valid, input) : chooseLeastBad(inTime, input, untilMs);
}

/** When it is too late to replace what came: the retry deadline; where all came after that, `graceMs` after the first. */
function replaceableUntil(unmasked: readonly Candidate[], { replaceableUntilMs, graceMs }: ChoiceInput): number {
  if (replaceableUntilMs === undefined) return Number.POSITIVE_INFINITY;
  const firstMs = earliest(unmasked);
  return firstMs <= replaceableUntilMs ? replaceableUntilMs : firstMs + graceMs;
}

function chooseValid<C extends Candidate>(valid: readonly C[], input: ChoiceInput<C>): Choice<C> {
  const { order, previousPublishers, graceMs, clockToleranceMs, nowMs } = input;
  const firstMs = earliest(valid);
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

function chooseLeastBad<C extends Candidate>(
  defective: readonly C[],
  { order, clockToleranceMs, nowMs }: ChoiceInput<C>,
  untilMs: number,
): Choice<C> {
  const inOrder = byOrder(order);
  const candidate = first(defective, (a, b) => byBadness(a, b) || inOrder(a, b));
  if (untilMs === Number.POSITIVE_INFINITY) return { candidate, settled: false, reason: "least-bad" };
  return { candidate, reason: "least-bad", ...settling(untilMs + clockToleranceMs, nowMs) };
}

function earliest(candidates: readonly Candidate[]): number {
  return Math.min(...candidates.map(({ stampMs }) => stampMs));
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
