const MAX_CHARS = 512;
const SCHEME = /^[a-z][a-z0-9+.-]*:/i;
/** Our own publishing URLs (interface §3), whatever host and port the encoder knows us by. */
const PUBLISH_URL = /^(?:(?:https?:)?\/\/[^/]+)?\/publish\/[^/]+\/[^/]+\/(.+)$/i;
// Backslash, encoded dot, slash, backslash or NUL: what another reader of the name might turn into a way out.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNSAFE = /[\0-\x1f\x7f\\]|%(?:2e|2f|5c|00)/i;

/**
 * The name, inside its pipeline, of the object that a playlist means by `uri`; undefined if that lies elsewhere.
 * Of a query only `file=` counts, as some encoders name the object there (`upload?cid=1&file=seg1.ts`).
 * @param playlistPath the playlist's own name inside the pipeline, as `720p/index.m3u8`
 */
export function resolveObjectName(playlistPath: string, uri: string): string | undefined {
  const [beforeFragment = ""] = uri.split("#", 1);
  const mark = beforeFragment.indexOf("?");
  const path = mark === -1 ? beforeFragment : beforeFragment.slice(0, mark);
  const file = mark === -1 ? null : new URLSearchParams(beforeFragment.slice(mark + 1)).get("file");
  if (!file) return resolvePath(playlistPath, path);
  const base = path === "" ? playlistPath : resolvePath(playlistPath, path);
  return base === undefined || file.includes("//") ? undefined : resolvePath(base, file);
}

function resolvePath(from: string, path: string): string | undefined {
  if (path === "" || path.endsWith("/") || path.length > MAX_CHARS || UNSAFE.test(path)) return undefined;
  const ours = PUBLISH_URL.exec(path)?.[1];
  if (ours === undefined && (path.startsWith("/") || SCHEME.test(path))) return undefined;
  const parts = ours === undefined ? from.split("/").slice(0, -1) : [];
  for (const part of (ours ?? path).split("/")) {
    if (part === "..") {
      if (parts.pop() === undefined) return undefined;
    } else if (part !== "" && part !== ".") parts.push(part);
  }
  const name = parts.join("/");
  return name === "" || name.length > MAX_CHARS ? undefined : name;
}
