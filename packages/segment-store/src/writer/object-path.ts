/** What the path behind `/publish/{event}/{pipeline}/` says by itself. */
export type ObjectPath =
  | {
      readonly kind: "segment";
      readonly rendition: string;
      readonly incoming: number;
      readonly ext: string;
      readonly name: string;
    }
  | { readonly kind: "object"; readonly rendition: string | undefined; readonly ext: string; readonly name: string }
  | { readonly kind: "playlist"; readonly name: string }
  /** Accepted and ignored. */
  | { readonly kind: "manifest"; readonly name: string };

const NAME =
  /^(?:[A-Za-z0-9_()+=,@~-][A-Za-z0-9._()+=,@~ -]{0,127}\/){0,4}[A-Za-z0-9_()+=,@~-][A-Za-z0-9._()+=,@~ -]{0,127}$/;
const RENDITION = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const SEGMENT_EXT = /^(?:m4s|mp4|cmfv|cmfa|cmft|cmfm|ts|aac|vtt)$/;
/** `20261124-083210`: a date and time in a name is not a number (strftime names). */
const DATE_AND_TIME = /(?:19|20)\d{6}[-_T]?\d{6}$/;

/**
 * Reads an object's path inside a pipeline. `{rendition}/{name}{number}.{ext}` is a segment by its path alone, subtitles
 * only as `{rendition}/{number}.vtt`: ffmpeg puts `{name}{number}.vtt` into the folder of the picture that they go with.
 * Any other segment-like name waits for a playlist that lists it. Undefined for what no encoder should send: another
 * extension, or characters and `..` outside the grammar.
 */
export function parseObjectPath(path: string): ObjectPath | undefined {
  if (!NAME.test(path) || path.includes("..")) return undefined;
  const dot = path.lastIndexOf(".");
  const ext = path.slice(dot + 1).toLowerCase();
  if (dot < 0 || ext.includes("/")) return undefined;
  if (ext === "m3u8") return { kind: "playlist", name: path };
  if (ext === "mpd") return { kind: "manifest", name: path };
  if (ext !== "init" && !SEGMENT_EXT.test(ext)) return undefined;

  const folders = path.split("/");
  const stem = folders.pop()!.slice(0, -ext.length - 1);
  const rendition = folders.length === 1 && RENDITION.test(folders[0]!) ? folders[0]! : undefined;
  const digits = /\d+$/.exec(stem)?.[0];
  const incoming = digits === undefined ? Number.NaN : Number(digits);
  if (
    rendition === undefined ||
    digits === undefined ||
    digits.length > 15 ||
    DATE_AND_TIME.test(stem) ||
    ext === "init" ||
    (ext === "vtt" && digits !== stem)
  ) {
    return { kind: "object", rendition, ext, name: path };
  }
  return { kind: "segment", rendition, incoming, ext, name: path };
}

/**
 * The rendition of a playlist: its folder, or its own name where it lies in none. ffmpeg's `{name}_vtt.m3u8`, the subtitles
 * beside a picture, is `{folder}_vtt`. Undefined if that cannot be one.
 */
export function playlistRendition(name: string): string | undefined {
  const folders = name.split("/");
  const file = folders.pop()!;
  const base = file.slice(0, file.lastIndexOf("."));
  const folder = folders.at(-1);
  const rendition = folder === undefined ? base : base.endsWith("_vtt") ? `${folder}_vtt` : folder;
  return RENDITION.test(rendition) ? rendition : undefined;
}
