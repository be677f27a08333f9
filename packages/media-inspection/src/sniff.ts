import { fourLetters } from "./isobmff/box.ts";
import type { Container } from "./types.ts";

/** As many bytes as the answer may depend on: a TS packet and the sync byte of the next. */
export const SNIFF_BYTES = 189;

const TOP_LEVEL_BOXES = new Set(
  "ftyp styp moov moof mdat sidx ssix emsg prft free skip wide uuid pdin meta mfra pssh udta".split(" "),
);

/** The container of an object that begins with `head` (all of it, or its first `SNIFF_BYTES` bytes). */
export function sniffContainer(head: Uint8Array): Container {
  if (head[0] === 0x47 && (head.length === 188 || head[188] === 0x47)) return "ts";
  if (head.length >= 8 && TOP_LEVEL_BOXES.has(fourLetters(head, 4))) return "fmp4";
  if (head[0] === 0xff && (head[1]! & 0xf6) === 0xf0) return "aac";
  const text = String.fromCharCode(...head.subarray(0, 10));
  if (text.startsWith("ID3")) return "aac";
  if (/^(?:\xef\xbb\xbf)?WEBVTT(?:[ \t\r\n]|$)/.test(text)) return "vtt";
  return "unknown";
}
