import { HEADER } from "./headers.ts";

const BROWSER_MAX_SEC = 60;
/** The most that RFC 9111 §1.2.2 asks a cache to understand. */
const MAX_SEC = 2 ** 31 - 1;

/** For answers that no cache may keep. */
export const NO_STORE: Readonly<Record<string, string>> = {
  [HEADER.maxAgeMs]: "0",
  "Cache-Control": "max-age=0, no-store",
  "CDN-Cache-Control": "max-age=0, no-store",
};

/** Statuses whose lifetime the contract tells; all others are never kept. */
const KEPT: ReadonlySet<number> = new Set([200, 204, 206, 304, 404, 410, 503]);
const REFUSALS: ReadonlySet<number> = new Set([404, 410, 503]);

/**
 * The headers that tell caches how long an answer holds (RFC 9111, RFC 9213; interface §4 "Lifetimes").
 * @param maxAgeMs until the answer may change. Caches get whole seconds, at least 1: they count a fraction as 0.
 * @param retryAfterSec of a 503; its lifetime unless told
 */
export function freshness(maxAgeMs: number, status: number, retryAfterSec?: number): Readonly<Record<string, string>> {
  if (!KEPT.has(status)) return NO_STORE;
  const ms = Math.floor(Math.min(Math.max(0, maxAgeMs || 0), MAX_SEC * 1000));
  const sec = Math.max(1, Math.floor(ms / 1000));
  const headers: Record<string, string> = {
    [HEADER.maxAgeMs]: `${ms}`,
    "Cache-Control": REFUSALS.has(status) ? withoutGrace(sec) : withGrace(sec),
    "CDN-Cache-Control": forCdns(sec),
  };
  if (status === 503) headers["Retry-After"] = `${retryAfterSec ?? sec}`;
  return headers;
}

const withGrace = perSecond((sec) => `public, max-age=${Math.min(BROWSER_MAX_SEC, sec)}, s-maxage=${sec}`);
/** Stock Varnish serves an expired answer for 10 s more unless it is told not to. */
const withoutGrace = perSecond((sec) => `${withGrace(sec)}, stale-while-revalidate=0`);
const forCdns = perSecond((sec) => `max-age=${sec}`);

/** Remembers the texts of the first hour, which is nearly all that is ever told. */
function perSecond(write: (sec: number) => string): (sec: number) => string {
  const texts: string[] = [];
  return (sec) => {
    if (sec > 3600) return write(sec);
    texts[sec] ??= write(sec);
    return texts[sec];
  };
}
