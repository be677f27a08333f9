import { fail } from "k6";
import http from "k6/http";
import { EVENT, ORIGIN, TOKEN } from "./settings.ts";

/** A live event as `setup` found it; k6 hands it to every virtual user. */
export interface LiveEvent {
  /** `Headwater-Template` as it was then. */
  readonly template: string;
  readonly renditions: readonly [Rendition, ...Rendition[]];
}

export interface Rendition {
  readonly playlist: string;
  /** The URL of a segment before its number, and what follows that. */
  readonly before: string;
  readonly after: string;
  readonly newest: number;
}

/** Finds every rendition and its newest segment. Ends the test when there is none. */
export function findEvent(): LiveEvent {
  const master = `${ORIGIN}/live/${EVENT}/master.m3u8`;
  const renditions = uris(get(master).body).map((uri) => findRendition(resolve(master, uri)));
  const [first, ...others] = renditions;
  if (first === undefined) fail(`${master} lists no rendition: is anything published?`);
  const { template } = get(first!.playlist);
  if (!template) fail(`${first!.playlist} comes without Headwater-Template`);
  return { template, renditions: [first!, ...others] };
}

function findRendition(playlist: string): Rendition {
  const newest = uris(get(playlist).body).at(-1);
  const parts = /^(.*\/)(\d+)(\.\w+)$/.exec(newest === undefined ? "" : resolve(playlist, newest));
  if (parts === null) fail(`${playlist} lists no segment`);
  const [, before, number, after] = parts as unknown as [string, string, string, string];
  return { playlist, before, after, newest: Number(number) };
}

/** The one that this virtual user, or this turn, reads. */
export function renditionOf({ renditions }: LiveEvent, turn: number): Rendition {
  return renditions[turn % renditions.length] as Rendition;
}

export const urlOf = ({ before, after }: Rendition, number: number): string => `${before}${number}${after}`;

/** The newest segment that a playlist lists. */
export function newestIn(playlist: string, body: string): string | undefined {
  const newest = uris(body).at(-1);
  return newest === undefined ? undefined : resolve(playlist, newest);
}

function get(url: string): { body: string; template: string } {
  const headers = TOKEN ? { Authorization: `Bearer ${TOKEN}` } : {};
  const { status, body, headers: said } = http.get(url, { headers, responseType: "text", redirects: 0 });
  return { body: status === 200 && typeof body === "string" ? body : "", template: said["Headwater-Template"] ?? "" };
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
