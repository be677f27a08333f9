/** The query strings that mean something (interface §4); all others change nothing. */
export interface LiveQuery {
  /** `window`: seconds of media wanted. */
  readonly windowSec?: number;
  /** `from`, `to`: the first and last number wanted. */
  readonly from?: number;
  readonly to?: number;
  /** `_HLS_msn`: answer once this number is in the playlist. */
  readonly msn?: number;
  /** `_HLS_skip`: a delta update will do. */
  readonly skip?: true;
  /** The first parameter whose value cannot be understood, or that is given twice: 400. */
  readonly malformed?: string;
}

export const NO_QUERY: LiveQuery = Object.freeze({});

const WINDOW = /^[1-9][0-9]{0,8}$/;
const NUMBER = /^(?:0|[1-9][0-9]{0,14})$/;
const PARAMETERS = {
  window: { field: "windowSec", value: WINDOW },
  from: { field: "from", value: NUMBER },
  to: { field: "to", value: NUMBER },
  _HLS_msn: { field: "msn", value: NUMBER },
  _HLS_skip: { field: "skip", value: /^(?:YES|v2)$/ },
} as const;
const NAMES = Object.keys(PARAMETERS) as (keyof typeof PARAMETERS)[];

/** Reads the part of a URL after the question mark. */
export function parseLiveQuery(text: string): LiveQuery {
  const query: { -readonly [K in keyof LiveQuery]: LiveQuery[K] } = {};
  for (const pair of text.split("&")) {
    const equals = pair.indexOf("=");
    const key = equals === -1 ? pair : pair.slice(0, equals);
    const name = NAMES.find((known) => known === key);
    if (name === undefined) continue;
    const { field, value: pattern } = PARAMETERS[name];
    const value = equals === -1 ? "" : pair.slice(equals + 1);
    if (!pattern.test(value) || query[field] !== undefined) return { malformed: name };
    if (field === "skip") query.skip = true;
    else query[field] = Number(value);
  }
  if (query.from !== undefined && query.to !== undefined && query.from > query.to) return { malformed: "to" };
  return query;
}

/** The query with its question mark; empty where it says nothing. */
export function renderLiveQuery(query: LiveQuery): string {
  const pairs = NAMES.flatMap((name) => {
    const value = query[PARAMETERS[name].field];
    return value === undefined ? [] : [`${name}=${value === true ? "YES" : value}`];
  });
  return pairs.length === 0 ? "" : `?${pairs.join("&")}`;
}
