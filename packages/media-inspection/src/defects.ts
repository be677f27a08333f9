import type { Defect } from "./types.ts";

/** Worst first (interface §5). */
export const DEFECT_ORDER = [
  "unparseable",
  "no-init",
  "wrong-init",
  "filler",
  "jump",
  "gap",
  "overlap",
  "missing-samples",
  "short",
] as const;

export type DefectName = (typeof DEFECT_ORDER)[number];

/** The parameter that tells the size of a defect; the others have none. */
const SIZE_KEY: Partial<Record<DefectName, "ms" | "n">> = {
  jump: "ms",
  gap: "ms",
  overlap: "ms",
  "missing-samples": "n",
  short: "ms",
};

const MAX_LISTED = 32;
const ITEM = /^[ \t]*([a-z-]{1,16})(?:;[ ]?(ms|n)=(-?[0-9]{1,12}))?[ \t]*$/;

/** Sorts worst first: by kind, then the larger first. An unknown name is the least. */
export function compareDefects(a: Defect, b: Defect): number {
  return rank(a) - rank(b) || size(b) - size(a);
}

export function worstDefect(defects: readonly Defect[]): Defect | undefined {
  return [...defects].sort(compareDefects)[0];
}

/**
 * Reads the request header `Headwater-Defects`: `jump;ms=120, short;ms=400`. What is not a known defect with its own
 * parameter (or without any) is left out; of several with one name the first stays; result worst first.
 */
export function parseDefectsHeader(value: string): Defect[] {
  const found = new Map<DefectName, Defect>();
  for (const item of value.split(",", MAX_LISTED)) {
    const [, text, key, digits] = ITEM.exec(item) ?? [];
    const name = DEFECT_ORDER.find((known) => known === text);
    if (name === undefined || found.has(name)) continue;
    if (key === undefined) found.set(name, name);
    else if (key === SIZE_KEY[name]) found.set(name, `${name};${key}=${Number(digits)}`);
  }
  return [...found.values()].sort(compareDefects);
}

function rank(defect: Defect): number {
  const index = (DEFECT_ORDER as readonly string[]).indexOf(defect.split(";", 1)[0]!);
  return index === -1 ? DEFECT_ORDER.length : index;
}

function size(defect: Defect): number {
  return Math.abs(Number(/=(-?[0-9]+)$/.exec(defect)?.[1] ?? 0));
}
