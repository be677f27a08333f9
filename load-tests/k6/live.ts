/**
 * A live event as its origin or an edge sees it: viewers at the live edge, and at the same time a storm of requests that
 * are to be answered 404. Every class of request has a rate of its own that does not wait for answers, thresholds of its
 * own, and a line in the summary. See ../README.md.
 */
import { check, fail } from "k6";
import exec from "k6/execution";
import http from "k6/http";

const ORIGIN = __ENV.ORIGIN || "http://127.0.0.1:7102";
const EVENT = __ENV.EVENT || "demo";
/** Viewers' turns a second: each gets the playlist and its newest segment. */
const RATE = Number(__ENV.RATE || 20);
/** Requests a second of each class of the storm. */
const STORM_RATE = Number(__ENV.STORM_RATE || RATE);
const DURATION = __ENV.DURATION || "30s";
/** Where the figures go as JSON. */
const SUMMARY_FILE = __ENV.SUMMARY_FILE;
const TOKEN = __ENV.CDN_TOKEN;

const CLASSES = ["playlist", "segment", "early", "unknown", "hostile"] as const;
type Class = (typeof CLASSES)[number];
const LIMIT_MS: Record<Class, number> = { playlist: 200, segment: 250, early: 200, unknown: 200, hostile: 200 };

/** An open load: iterations begin at this rate, whatever becomes of those before. */
function load(run: string, rate: number) {
  return {
    executor: "constant-arrival-rate" as const,
    exec: run,
    rate,
    timeUnit: "1s",
    duration: DURATION,
    preAllocatedVUs: Math.max(10, Math.ceil(rate / 2)),
    maxVUs: Math.max(50, rate * 10),
  };
}

export const options = {
  scenarios: {
    live: load("live", RATE),
    early: load("early", STORM_RATE),
    unknown: load("unknown", STORM_RATE),
    hostile: load("hostile", STORM_RATE),
  },
  thresholds: {
    dropped_iterations: ["count==0"],
    checks: ["rate>0.999"],
    ...Object.fromEntries(
      CLASSES.flatMap((name) => [
        [`http_reqs{class:${name}}`, ["count>0"]],
        [`checks{class:${name}}`, ["rate>0.999"]],
        [`http_req_waiting{class:${name}}`, [`p(99)<${LIMIT_MS[name]}`]],
        [`http_req_duration{class:${name}}`, ["p(99)<2000"]],
      ]),
    ),
  },
  discardResponseBodies: true,
  summaryTrendStats: ["med", "p(99)", "max"],
};

http.setResponseCallback(http.expectedStatuses(200, 404));

interface Live {
  readonly playlist: string;
  /** The path of a segment before its number, and what follows that. */
  readonly before: string;
  readonly newest: number;
  readonly after: string;
}

/** Finds the first rendition and its newest segment. */
export function setup(): Live {
  const master = `${ORIGIN}/live/${EVENT}/master.m3u8`;
  const [first] = uris(text(master, "playlist"));
  if (first === undefined) fail(`${master} lists no rendition: is anything published?`);
  const playlist = resolve(master, first as string);
  const parts = /^(.*\/)(\d+)(\.\w+)$/.exec(newestOf(playlist));
  if (parts === null) fail(`${playlist} lists no segment`);
  const [, before, newest, after] = parts as unknown as [string, string, string, string];
  return { playlist, before, newest: Number(newest), after };
}

/** One turn of a viewer at the live edge. */
export function live({ playlist }: Live): void {
  const segment = newestOf(playlist);
  const answer = http.get(segment, params("segment"));
  check(
    answer,
    { "segment: 200 and whole": ({ status, headers }) => status === 200 && Number(headers["Content-Length"]) > 0 },
    { class: "segment" },
  );
}

/** Numbers of this event that are far from being due. */
export function early({ before, newest, after }: Live): void {
  const number = newest + 1000 + (exec.scenario.iterationInTest % 1000);
  refused(`${before}${number}${after}`, "early");
}

/** Events, renditions and versions that there are not. */
export function unknown({ before, newest, after }: Live): void {
  const i = exec.scenario.iterationInTest;
  const urls = [
    `${ORIGIN}/live/no-such-event-${i % 500}/v1/720p/${newest}.m4s`,
    `${ORIGIN}/live/${EVENT}/v1/no-such-rendition-${i % 500}/${newest}${after}`,
    `${before.replace(/\/v\d+\//, "/v999999/")}${newest}${after}`,
  ];
  refused(urls[i % urls.length] as string, "unknown");
}

/** What no player asks for. */
export function hostile(): void {
  const i = exec.scenario.iterationInTest;
  const paths = [
    `/live/${EVENT}/v1/%2e%2e%2f%2e%2e%2fetc%2fpasswd`,
    `/live/${EVENT}/v1/720p/${"9".repeat(40)}.m4s`,
    `/live/${EVENT}/v1/720p/-${i}.m4s`,
    `/live/${EVENT}/v1/720p/${i}.php`,
    `/${"a".repeat(2000)}${i}`,
    `/live/${EVENT}//v1//720p/1.m4s`,
  ];
  refused(ORIGIN + paths[i % paths.length], "hostile");
}

/** A 404 that says how long it holds: without that, CDNs choose. */
function refused(url: string, name: Class): void {
  const lives = (cacheControl = "") => /s-maxage=[1-9]/.test(cacheControl);
  const answer = http.get(url, params(name));
  check(
    answer,
    { [`${name}: 404 with a lifetime`]: ({ status, headers }) => status === 404 && lives(headers["Cache-Control"]) },
    { class: name },
  );
}

function newestOf(playlist: string): string {
  const newest = uris(text(playlist, "playlist")).at(-1);
  check(newest, { "playlist: lists a segment": (uri) => uri !== undefined }, { class: "playlist" });
  return newest === undefined ? playlist : resolve(playlist, newest);
}

function text(url: string, name: Class): string {
  const { status, body } = http.get(url, { ...params(name), responseType: "text" });
  return status === 200 && typeof body === "string" ? body : "";
}

/** Every URL of a class under one name, so that numbers do not become time series. */
function params(name: Class) {
  return { tags: { class: name, name }, headers: TOKEN ? { Authorization: `Bearer ${TOKEN}` } : {}, redirects: 0 };
}

function uris(playlist: string): string[] {
  return playlist.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}

/** Playlists name what they list relative to themselves, with `../` at most. */
function resolve(base: string, uri: string): string {
  const folders = base.split("?")[0]!.split("/").slice(0, -1);
  for (let rest = uri; ; rest = rest.slice(3)) {
    if (!rest.startsWith("../")) return [...folders, rest].join("/");
    folders.pop();
  }
}

interface Summary {
  readonly metrics: Readonly<
    Record<string, { values: Record<string, number>; thresholds?: Record<string, { ok: boolean }> }>
  >;
  readonly state: { readonly testRunDurationMs: number };
}

export function handleSummary({ metrics, state }: Summary) {
  const seconds = state.testRunDurationMs / 1000;
  const of = (metric: string, value: string) => metrics[metric]?.values[value] ?? 0;
  const classes = CLASSES.map((name) => ({
    class: name,
    requests: of(`http_reqs{class:${name}}`, "count"),
    perSecond: of(`http_reqs{class:${name}}`, "count") / seconds,
    right: of(`checks{class:${name}}`, "rate"),
    firstByteMs: {
      p50: of(`http_req_waiting{class:${name}}`, "med"),
      p99: of(`http_req_waiting{class:${name}}`, "p(99)"),
    },
    wholeMs: {
      p50: of(`http_req_duration{class:${name}}`, "med"),
      p99: of(`http_req_duration{class:${name}}`, "p(99)"),
    },
  }));
  const missed = Object.entries(metrics).flatMap(([metric, { thresholds = {} }]) =>
    Object.entries(thresholds).flatMap(([threshold, { ok }]) => (ok ? [] : [`${metric} ${threshold}`])),
  );
  const dropped = of("dropped_iterations", "count");

  const columns = ["class", "requests", "per s", "right", "first byte p50", "p99", "whole p50", "p99 ms"];
  const rows = classes.map((row) => [
    row.class,
    `${row.requests}`,
    row.perSecond.toFixed(1),
    `${(row.right * 100).toFixed(2)}%`,
    ...[row.firstByteMs.p50, row.firstByteMs.p99, row.wholeMs.p50, row.wholeMs.p99].map((ms) => ms.toFixed(1)),
  ]);
  const line = (cells: readonly string[]) =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(10) : cell.padStart(15))).join("");
  const report = [
    `${ORIGIN}, event ${EVENT}, ${seconds.toFixed(1)} s`,
    line(columns),
    ...rows.map(line),
    `not begun in time: ${dropped}`,
    missed.length === 0 ? "every threshold was met" : `MISSED: ${missed.join("; ")}`,
  ];
  return {
    stdout: `${report.join("\n")}\n`,
    ...(SUMMARY_FILE && { [SUMMARY_FILE]: JSON.stringify({ seconds, classes, dropped, missed }, null, 2) }),
  };
}
