/** Names of the headers that we invented (interface §4). */
export const HEADER = {
  maxAgeMs: "Headwater-Max-Age-Ms",
  eventVersion: "Headwater-Event-Version",
  template: "Headwater-Template",
  notifications: "Headwater-Notifications",
  pipeline: "Headwater-Pipeline",
  region: "Headwater-Region",
  init: "Headwater-Init",
  defects: "Headwater-Defects",
} as const;

const EXPOSED = [
  ...Object.values(HEADER),
  "Surrogate-Key",
  "Cache-Tag",
  "Cache-Status",
  "Server-Timing",
  "CDN-Cache-Control",
  "ETag",
  "Last-Modified",
  "Accept-Ranges",
  "Content-Length",
  "Content-Range",
  "Date",
  "Age",
  "Retry-After",
];

/** On every status. */
export const CORS: Readonly<Record<string, string>> = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Expose-Headers": EXPOSED.join(", "),
};

/** What an OPTIONS request is told, beside its freshness of 60 s. */
export const CORS_PREFLIGHT: Readonly<Record<string, string>> = {
  ...CORS,
  Allow: "GET, HEAD, OPTIONS",
  "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
  "Access-Control-Allow-Headers":
    "Authorization, Range, If-Range, If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since",
  "Access-Control-Max-Age": "60",
};

/** What describes the copy served, on 200, 206 and 304 of media. */
export function mediaHeaders(copy: {
  readonly pipeline: string;
  /** Where it was published. */
  readonly region: string;
  /** Hash of the init segment it needs, if any. */
  readonly init?: string;
  readonly defects: readonly string[];
}): Record<string, string> {
  return {
    [HEADER.pipeline]: copy.pipeline,
    [HEADER.region]: copy.region,
    ...(copy.init !== undefined && { [HEADER.init]: copy.init }),
    ...(copy.defects.length > 0 && { [HEADER.defects]: copy.defects.join(", ") }),
  };
}

/** Where a body came from (RFC 9211). `store` means that none of our caches had it. */
export function cacheStatus(detail: "memory" | "memcached" | "store"): string {
  return `headwater; ${detail === "store" ? "fwd=miss" : "hit"}; detail=${detail}`;
}
