import fresh from "fresh";
import { httpDate, parseHttpDate } from "./http-date.ts";

/** Request headers as Node gives them: lower-case names, lists joined with commas. */
export type RequestHeaders = Readonly<Record<string, string | string[] | undefined>>;

export interface Validators {
  /** Strong, with its quotes. */
  readonly etag: string;
  readonly lastModifiedMs: number;
  readonly sizeBytes: number;
}

/** How a GET or HEAD of an object that is there is to be answered. `start` and `end` are inclusive. */
export type Evaluation =
  | { readonly status: 200 }
  | { readonly status: 206; readonly start: number; readonly end: number }
  | { readonly status: 304 }
  | { readonly status: 412 }
  | { readonly status: 416 };

const WHOLE: Evaluation = { status: 200 };

/** Conditions and range of a request, in the order of RFC 9110 §13.2.2. Several ranges get the whole object. */
export function evaluate(headers: RequestHeaders, object: Validators): Evaluation {
  if (!preconditionHolds(headers, object)) return { status: 412 };
  if (isNotModified(headers, object)) return { status: 304 };
  const range = value(headers, "range");
  if (range === undefined || !ifRangeHolds(value(headers, "if-range"), object)) return WHOLE;
  return evaluateRange(range, object.sizeBytes);
}

/** `Content-Range` of a 206 or 416. */
export function contentRange(of: Evaluation, sizeBytes: number): string {
  return of.status === 206 ? `bytes ${of.start}-${of.end}/${sizeBytes}` : `bytes */${sizeBytes}`;
}

function value(headers: RequestHeaders, name: string): string | undefined {
  const found = headers[name];
  return typeof found === "string" && found !== "" ? found : undefined;
}

function preconditionHolds(headers: RequestHeaders, { etag, lastModifiedMs }: Validators): boolean {
  const ifMatch = value(headers, "if-match");
  // Strong comparison: a weak tag matches nothing.
  if (ifMatch !== undefined) return ifMatch === "*" || ifMatch.split(",").some((tag) => tag.trim() === etag);
  const sinceMs = parseHttpDate(value(headers, "if-unmodified-since"));
  return sinceMs === undefined || wholeSeconds(lastModifiedMs) <= sinceMs;
}

function isNotModified(headers: RequestHeaders, { etag, lastModifiedMs }: Validators): boolean {
  const noneMatch = value(headers, "if-none-match");
  if (noneMatch !== undefined) return fresh({ "if-none-match": noneMatch }, { etag });
  // `fresh` would take any text that Date.parse accepts for a date.
  const sinceMs = parseHttpDate(value(headers, "if-modified-since"));
  return sinceMs !== undefined && wholeSeconds(lastModifiedMs) <= sinceMs;
}

function ifRangeHolds(ifRange: string | undefined, { etag, lastModifiedMs }: Validators): boolean {
  return ifRange === undefined || ifRange === etag || ifRange === httpDate(lastModifiedMs);
}

/** As a client knows it from Last-Modified. */
function wholeSeconds(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}

const ONE_RANGE = /^bytes=(?:(\d+)-(\d*)|-(\d+))$/i;

/**
 * RFC 9110 §14.1.2. Written out, as range-parser answers 416 to a suffix longer than the object and to `bytes=5-2`,
 * where the first means the whole object and the second nothing.
 */
function evaluateRange(range: string, sizeBytes: number): Evaluation {
  const match = ONE_RANGE.exec(range.trim());
  if (match === null) return WHOLE;
  const [, first, last, suffix] = match;
  if (suffix !== undefined) {
    if (Number(suffix) === 0) return { status: 416 };
    if (sizeBytes === 0) return WHOLE;
    return { status: 206, start: Math.max(0, sizeBytes - Number(suffix)), end: sizeBytes - 1 };
  }
  const start = Number(first);
  const end = last ? Number(last) : Number.POSITIVE_INFINITY;
  if (end < start) return WHOLE;
  if (start >= sizeBytes) return { status: 416 };
  return { status: 206, start, end: Math.min(end, sizeBytes - 1) };
}
