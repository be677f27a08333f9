import type { Reply } from "./ask.ts";

export interface Cached {
  /** Undefined where the answer does not tell. */
  readonly hit: boolean | undefined;
  /** What tells it. */
  readonly by: string;
}

/** Whether an edge's cache answered, as far as its headers tell: RFC 9211, what CDNs send in its place, or Age. */
export function cached({ headers }: Reply): Cached {
  const members = `${headers["cache-status"] ?? ""}`
    .split(/,\s*/)
    .filter((member) => !/^(?:headwater\b|$)/.test(member));
  // The last one is the cache nearest to the viewer.
  const nearest = members.at(-1);
  if (nearest !== undefined) return { hit: /;\s*hit\b/.test(nearest), by: `Cache-Status: ${nearest}` };
  for (const name of ["cf-cache-status", "x-cache", "x-cache-status", "cdn-cache"]) {
    const value = headers[name];
    if (value !== undefined) return { hit: /\bhit\b|hit from/i.test(`${value}`), by: `${name}: ${value}` };
  }
  const varnish = headers["x-varnish"];
  // A second number is that of the request that filled the cache.
  if (varnish !== undefined) return { hit: /^\d+ \d+$/.test(`${varnish}`), by: `X-Varnish: ${varnish}` };
  if (Number(headers.age) > 0) return { hit: true, by: `Age: ${headers.age}` };
  return { hit: undefined, by: "no Cache-Status, X-Cache or Age" };
}

/** The same, of the second of two answers to one request that are more than a second apart. */
export function cachedAgain(first: Reply, second: Reply): Cached {
  const told = cached(second);
  const { date } = first.headers;
  const isOld = date !== undefined && date === second.headers.date && second.atMs - first.atMs > 1000;
  return told.hit === undefined && isOld ? { hit: true, by: "the Date of the first answer" } : told;
}
