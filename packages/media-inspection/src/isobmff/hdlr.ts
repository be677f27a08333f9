import type { InitTrack } from "../types.ts";
import { fourLettersAt } from "./box.ts";

const TYPES: ReadonlyMap<string, InitTrack["type"]> = new Map([
  ["vide", "video"],
  ["soun", "audio"],
  ["text", "text"],
  ["subt", "text"],
  ["sbtl", "text"],
  ["clcp", "text"],
]);

/** Handler reference, ISO/IEC 14496-12 8.4.3. */
export function readHdlr(box: DataView): InitTrack["type"] {
  return TYPES.get(fourLettersAt(box, 8)) ?? "other";
}
