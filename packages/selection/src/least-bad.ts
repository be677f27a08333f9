import type { Candidate } from "./types.ts";

/** Worst first (interface §5). */
const DEFECTS: readonly string[] = [
  "unparseable",
  "no-init",
  "wrong-init",
  "filler",
  "jump",
  "gap",
  "overlap",
  "missing-samples",
  "short",
];

/** How bad a copy is by its worst defect: 0 is the worst; a defect without a name here is the least. */
function rankOf({ defects }: Candidate): number {
  return Math.min(...defects.map(rankOfDefect));
}

function rankOfDefect(defect: string): number {
  const name = defect.split(";", 1)[0];
  const rank = DEFECTS.indexOf(name ?? "");
  return rank === -1 ? DEFECTS.length : rank;
}

/** Sorts defective copies, the least bad first: by worst defect, then the larger. */
export function byBadness(a: Candidate, b: Candidate): number {
  return rankOf(b) - rankOf(a) || b.sizeBytes - a.sizeBytes;
}
