/** What an answer is about, as far as that is known. */
export interface KeySubject {
  readonly event: string;
  readonly version: number;
  readonly rendition?: string;
  readonly number?: number;
  /** The pipeline of the copy served, and the region where it was published. */
  readonly pipeline?: string;
  readonly region?: string;
}

/** The keys by which an answer can be purged from the edges, widest first (interface §4). */
export function surrogateKeys({ event, version, rendition, number, pipeline, region }: KeySubject): string[] {
  const keys = [event, `${event}/v${version}`];
  if (rendition === undefined) return keys;
  const base = `${event}/${rendition}`;
  keys.push(base);
  if (number !== undefined) keys.push(`${base}/n${number}`);
  if (pipeline === undefined) return keys;
  keys.push(`${base}/${pipeline}`);
  if (region === undefined) return keys;
  keys.push(`${base}/${pipeline}/${region}`);
  if (number !== undefined) keys.push(`${base}/${pipeline}/${region}/n${number}`);
  return keys;
}

/** The same keys for caches that part them by spaces (Fastly, Varnish) and by commas (Cloudflare). */
export function surrogateKeyHeaders(keys: readonly string[]): Record<string, string> {
  return { "Surrogate-Key": keys.join(" "), "Cache-Tag": keys.join(",") };
}
