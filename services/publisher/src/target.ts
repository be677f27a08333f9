import { type ObjectPath, parseObjectPath } from "@headwater/segment-store/writer";
import { ProblemError } from "@headwater/service-kit";

/** A publish URL, taken apart but not yet decoded. */
export interface Target {
  readonly event: string;
  readonly pipeline: string;
  /** Behind the pipeline's slash. */
  readonly rest: string;
  /** Behind the question mark. */
  readonly query: string;
}

const MAX_URL_CHARS = 4096;
const MAX_NAME_CHARS = 512;
const ABSOLUTE_FORM = /^https?:\/\/[^/?]*/i;
const PUBLISH = /^\/publish\/([^/?]+)\/([^/?]+)(?:\/([^?]*))?(?:\?(.*))?$/;
// Encoded dots, slashes, backslashes and control characters: what another reader might turn into a way out.
const UNSAFE = /[\0-\x20\x7f\\#]|%(?:2e|2f|5c|[01][0-9a-f]|7f)/i;

/** Which event and pipeline a raw request target means; undefined if it is no publish URL. */
export function parseTarget(rawUrl: string): Target | undefined {
  const [, event, pipeline, rest = "", query = ""] = PUBLISH.exec(rawUrl.replace(ABSOLUTE_FORM, "")) ?? [];
  return event === undefined || pipeline === undefined ? undefined : { event, pipeline, rest, query };
}

/**
 * The object's name inside its pipeline: the path or, where an encoder names the file in the query (`upload?file=x.ts`),
 * that name in the path's folder. Throws ProblemError 400 or 414.
 */
export function objectName({ rest, query }: Target): string {
  if (rest.length + query.length > MAX_URL_CHARS) throw tooLong();
  const file = query
    .split("&")
    .find((pair) => pair.startsWith("file="))
    ?.slice("file=".length);
  const raw = file ? rest.slice(0, rest.lastIndexOf("/") + 1) + file : rest;
  if (UNSAFE.test(raw)) throw badPath("The path holds an encoded dot, slash or control character, or a backslash");
  const name = decode(raw);
  if (name.length > MAX_NAME_CHARS) throw tooLong();
  const parts = name.split("/");
  if (parts.some((part) => part === "." || part === "..")) throw badPath("The path holds . or .. as a part");
  if (parts.length > 1 && parts.includes("")) throw badPath("The path holds an empty part: // or a slash at an end");
  return name;
}

/** What a name tells of its object. Throws ProblemError 400 for a name, 415 for an extension, that is not taken. */
export function objectPath(name: string): ObjectPath {
  const path = parseObjectPath(name);
  if (path !== undefined) return path;
  // Would it do with an extension of ours? Then only the extension is wrong.
  if (parseObjectPath(`${name.replace(/\.[^./]*$/, "")}.ts`) === undefined) {
    throw badPath("The path must be at most 4 folders and a file of A-Z a-z 0-9 . _ ( ) + = , @ ~ - and spaces");
  }
  throw new ProblemError(
    415,
    "unsupported-extension",
    "Taken are .m4s .mp4 .cmfv .cmfa .cmft .cmfm .ts .aac .vtt .init, and .m3u8 and .mpd",
  );
}

function decode(raw: string): string {
  try {
    return decodeURIComponent(raw);
  } catch {
    throw badPath("The path holds a % that does not begin an encoded UTF-8 character");
  }
}

const badPath = (title: string) => new ProblemError(400, "bad-path", title);
const tooLong = () => new ProblemError(414, "path-too-long", `A path has at most ${MAX_NAME_CHARS} characters`);
