/** What every scenario takes from its environment; the rest is in the scenario. See ../../README.md. */
export const ORIGIN = (__ENV.ORIGIN || "http://127.0.0.1:7102").replace(/\/$/, "");
export const EVENT = __ENV.EVENT || "demo";
export const TOKEN = __ENV.CDN_TOKEN;
/** Where the figures go as JSON. */
export const SUMMARY_FILE = __ENV.SUMMARY_FILE;
/** In place of each class's own limit for the first byte. */
export const P99_MS = __ENV.P99_MS;

/** A setting that is a number. Throws when it is none. */
export function amount(name: string, otherwise: number): number {
  const value = Number(__ENV[name] || otherwise);
  if (!(value >= 0)) throw new Error(`${name} is a number, not ${__ENV[name]}`);
  return value;
}

/** A setting such as `90s` or `1m30s`, in seconds. Throws when it is none. */
export function seconds(name: string, otherwise: string): number {
  const text = __ENV[name] || otherwise;
  const [whole, minutes = 0, rest = 0] = /^(?:(\d+)m)?(?:(\d+)s)?$/.exec(text) ?? [];
  const value = 60 * Number(minutes) + Number(rest);
  if (!whole || value === 0) throw new Error(`${name} is like 90s or 1m30s, not ${text}`);
  return value;
}
