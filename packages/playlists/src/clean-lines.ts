import { PlaylistError } from "./playlist-error.ts";

export const MAX_BYTES = 1024 * 1024;
/** Four hours of 2 s segments with a date on each are 21 600 lines. */
export const MAX_LINES = 25_000;
const MASTER_MAX_CHARS = 128 * 1024;
const MASTER_MAX_ENTRIES = 200;

/** Stands for an apostrophe, which hls-parser takes for an opening quote. Control characters never come from outside. */
const APOSTROPHE = "\u0001";
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL_CHARACTERS = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/;

interface TagRule {
  readonly kind: "media" | "master" | "either";
  /** What its value must look like. */
  readonly value?: RegExp;
  readonly once?: true;
  /** Must stand before the first segment. */
  readonly beforeSegments?: true;
}

const COUNT = /^\d{1,15}$/;
/** The tags we make use of. Others never reach hls-parser, which spares us the cost and the faults of parsing them. */
const TAGS: ReadonlyMap<string, TagRule> = new Map<string, TagRule>([
  ["EXTM3U", { kind: "either" }],
  ["EXTINF", { kind: "media", value: /^\d{1,9}(?:\.\d*)?\s*(?:,|$)/ }],
  ["EXT-X-TARGETDURATION", { kind: "media", value: /^\d{1,9}(?:\.\d*)?$/, once: true }],
  ["EXT-X-MEDIA-SEQUENCE", { kind: "media", value: COUNT, once: true, beforeSegments: true }],
  ["EXT-X-DISCONTINUITY-SEQUENCE", { kind: "media", value: COUNT, once: true, beforeSegments: true }],
  ["EXT-X-PLAYLIST-TYPE", { kind: "media", value: /^(?:EVENT|VOD)$/, once: true }],
  ["EXT-X-I-FRAMES-ONLY", { kind: "media" }],
  ["EXT-X-ENDLIST", { kind: "media" }],
  ["EXT-X-DISCONTINUITY", { kind: "media" }],
  ["EXT-X-GAP", { kind: "media" }],
  ["EXT-X-PROGRAM-DATE-TIME", { kind: "media" }],
  ["EXT-X-BYTERANGE", { kind: "media", value: /^\d{1,15}(?:@\d{1,15})?$/ }],
  ["EXT-X-MAP", { kind: "media", value: /(?:^|,)\s*URI="[^"]+"/ }],
  ["EXT-X-MEDIA", { kind: "master" }],
  ["EXT-X-STREAM-INF", { kind: "master" }],
]);

export interface CleanText {
  readonly kind: "media" | "master";
  readonly text: string;
}

/** Decodes, and checks what makes a text a playlist at all. */
export function decodePlaylist(bytes: string | Buffer): string {
  if (Buffer.byteLength(bytes) > MAX_BYTES) throw new PlaylistError("too-large", "A playlist may have at most 1 MiB.");
  const text = decodeUtf8(bytes);
  if (!/^#EXTM3U\s*(?:\n|$)/.test(text)) throw new PlaylistError("not-a-playlist", "The first line must be #EXTM3U.");
  if (CONTROL_CHARACTERS.test(text))
    throw new PlaylistError("not-a-playlist", "The text has control characters in it.");
  return text;
}

function decodeUtf8(bytes: string | Buffer): string {
  if (typeof bytes === "string") return bytes.replace(/^\ufeff/, "");
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new PlaylistError("not-a-playlist", "The text is not UTF-8.");
  }
}

/**
 * Reduces a playlist to the lines that we make use of, each of them checked, so that what hls-parser gets is small,
 * of one kind, and nothing that it would misread.
 * @throws {PlaylistError} `too-large`, `malformed`
 */
export function cleanLines(text: string): CleanText {
  const lines = text.split("\n", MAX_LINES + 1);
  if (lines.length > MAX_LINES) throw new PlaylistError("too-large", `A playlist may have at most ${MAX_LINES} lines.`);
  const kept: string[] = [];
  const seen = new Set<string>();
  const kinds = new Set<TagRule["kind"]>();
  let entries = 0;
  let awaitsUri = false;
  let lineNumber = 0;
  const refuse = (why: string) => new PlaylistError("malformed", `Line ${lineNumber}: ${why}.`);
  for (const untrimmed of lines) {
    lineNumber += 1;
    const line = untrimmed.trim();
    if (line === "" || (line.startsWith("#") && !line.startsWith("#EXT"))) continue;
    if (!line.startsWith("#")) {
      if (!awaitsUri) throw refuse("a URI without EXTINF or EXT-X-STREAM-INF");
      awaitsUri = false;
      entries += 1;
      kept.push(line);
      continue;
    }
    const colon = line.indexOf(":");
    const name = line.slice(1, colon === -1 ? undefined : colon).trim();
    const value = colon === -1 ? "" : line.slice(colon + 1).trim();
    if (name === "EXT-X-SKIP") throw refuse("a delta update is not a whole playlist");
    const rule = TAGS.get(name);
    if (rule === undefined) continue;
    if (rule.value && !rule.value.test(value)) throw refuse(`${name} has no valid value`);
    if (rule.once && seen.has(name)) throw refuse(`${name} stands there a second time`);
    if (rule.beforeSegments && entries > 0) throw refuse(`${name} must stand before the first segment`);
    seen.add(name);
    kinds.add(rule.kind);
    if (name === "EXT-X-MEDIA") entries += 1;
    if (name === "EXTINF" || name === "EXT-X-STREAM-INF") awaitsUri = true;
    kept.push(cleanTag(name, value));
  }
  if (awaitsUri) throw new PlaylistError("malformed", "The last entry has no URI.");
  if (kinds.has("media") && kinds.has("master")) {
    throw new PlaylistError("malformed", "The list has tags of a media playlist and of a multivariant playlist.");
  }
  const clean = `${kept.join("\n")}\n`;
  if (!kinds.has("master")) return { kind: "media", text: clean };
  // hls-parser compares every variant with every rendition, and these with each other.
  if (entries > MASTER_MAX_ENTRIES || clean.length > MASTER_MAX_CHARS) {
    const limits = `${MASTER_MAX_ENTRIES} entries in ${MASTER_MAX_CHARS / 1024} KiB`;
    throw new PlaylistError("too-large", `A multivariant playlist may have at most ${limits}.`);
  }
  return { kind: "master", text: clean };
}

function cleanTag(name: string, value: string): string {
  // The title is of no use, and hls-parser throws on any that is not ASCII.
  if (name === "EXTINF") return `#EXTINF:${Number.parseFloat(value)},`;
  return value === "" ? `#${name}` : `#${name}:${value.replaceAll("'", APOSTROPHE)}`;
}

/** A value as it stood before `cleanLines`, in memory of its own: else it keeps the whole playlist's text alive. */
export function restore(value: string): string {
  return Buffer.from(value.includes(APOSTROPHE) ? value.replaceAll(APOSTROPHE, "'") : value).toString();
}
