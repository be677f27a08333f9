import { about, type Lane } from "./lane.ts";
import { DEFECTIVE_SHARE_ERROR, RECENT_COPIES } from "./thresholds.ts";
import type { Finding } from "./types.ts";
import { list, ofLastCopies } from "./words.ts";

const NO_INIT = "no-init";

/** What to do about a kind of defect (interface §5). */
const REMEDIES: Readonly<Record<string, string>> = {
  unparseable: "look at the encoder's output, these are no whole media files",
  "wrong-init": "let the encoder send the init segment that belongs to its segments",
  filler: "look at the packager's input, it fills in for what it does not get",
  jump: "look at the encoder's clock and input, its media time jumps",
  gap: "look at the encoder's input and load, it leaves media out",
  overlap: "look at the encoder's timestamps, its segments overlap",
  "missing-samples": "look at the encoder's input and load, it drops frames",
  short: "look at the encoder's input and keyframes, its segments end early",
};

/** What the copies themselves are like. */
export function checkContent(lane: Lane): Finding[] {
  return [...noInit(lane), ...defective(lane), ...missingNumbers(lane)];
}

function noInit(lane: Lane): Finding[] {
  const affected = lane.recent.filter((copy) => copy.defects.includes(NO_INIT)).length;
  if (affected === 0) return [];
  const text =
    `${ofLastCopies(affected, lane.recent.length)} came without an init segment and cannot be played: ` +
    "let the encoder send its init before its segments (ffmpeg: -hls_fmp4_init_filename in the rendition's folder)";
  return [about(lane, "error", "no-init", text)];
}

function defective(lane: Lane): Finding[] {
  const { recent } = lane;
  const kinds = recent.map(({ defects }) => [...new Set(defects.map(kindOf))].filter((kind) => kind !== NO_INIT));
  const affected = kinds.filter((of) => of.length > 0).length;
  if (affected === 0) return [];
  const counts = new Map<string, number>();
  for (const kind of kinds.flat()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const sorted = [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
  const remedy = REMEDIES[sorted[0]![0]] ?? "look at the encoder's log";
  const text =
    `${ofLastCopies(affected, recent.length)} ${affected === 1 ? "is" : "are"} defective ` +
    `(${list(sorted.map(([kind, n]) => `${n} × ${kind}`))}), none should be: ${remedy}`;
  const severity = affected > recent.length * DEFECTIVE_SHARE_ERROR ? "error" : "warning";
  return [about(lane, severity, "defective-copies", text)];
}

const kindOf = (defect: string): string => defect.split(";", 1)[0]!;

/** Numbers that were left out and that nobody waits for any more. */
function missingNumbers(lane: Lane): Finding[] {
  const { event, recent } = lane;
  const newest = recent.at(-1);
  if (newest === undefined) return [];
  const inWindow = recent.filter(({ number }) => number > newest.number - RECENT_COPIES);
  const missing = inWindow.slice(1).reduce((total, copy, i) => {
    const isGivenUp = newest.stampMs - copy.stampMs >= event.retryDeadlineMs;
    return isGivenUp ? total + copy.number - inWindow[i]!.number - 1 : total;
  }, 0);
  if (missing === 0) return [];
  const span = newest.number - inWindow[0]!.number + 1;
  const text =
    `${missing} of the last ${span} numbers never came: ` +
    "look for failed uploads in the encoder's log, and at its uplink";
  return [about(lane, "warning", "missing-numbers", text)];
}
