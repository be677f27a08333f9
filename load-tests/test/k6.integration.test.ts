import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { requirePart } from "@headwater/infra";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type Headwater, startHeadwater } from "../proof/harness/headwater.ts";
import { runK6, type ScenarioName } from "../run-k6.ts";
import { type StormEvent, startStormEvent } from "../storm/event.ts";

const k6 = await requirePart("k6");
const K6_MS = 60_000;
let dir: string;
let headwater: Headwater;
let event: StormEvent;

beforeAll(async () => {
  if (!k6) return;
  dir = await mkdtemp(join(tmpdir(), "headwater-k6-"));
  headwater = await startHeadwater(dir);
  event = await startStormEvent(headwater, { id: "derby", durationMs: 1000, renditions: ["360p", "720p"], past: 60 });
}, 90_000);

afterAll(async () => {
  await event?.stop();
  await headwater?.stop();
  if (dir) await rm(dir, { recursive: true, force: true });
}, 60_000);

interface Row {
  readonly class: string;
  readonly requests: number;
  readonly right: number;
}

const EDGES = ["held", "together", "late"];
const NOT_FOUND = ["early", "unknown", "hostile"];
const SLICES: readonly [ScenarioName, Record<string, string>, string[]][] = [
  ["live", { RATE: "10", STORM_RATE: "20", DURATION: "3s" }, ["playlist", "segment", ...NOT_FOUND]],
  ["live-edge", { EDGES: "4", DURATION: "5s" }, EDGES],
  ["storm-404", { RATE: "90", EDGES: "2", DURATION: "4s" }, [...EDGES, ...NOT_FOUND]],
  ["dvr-rewind", { RATE: "20", EDGES: "2", DURATION: "4s" }, [...EDGES, "dvr"]],
  ["reconnect", { RATE: "5", BEFORE: "2s", OUTAGE: "2s", SURGE: "2s", AFTER: "2s" }, ["playlist", "segment"]],
];

test.each(k6 ? SLICES : [])(
  "a slice of %s: every class is answered as it should be",
  async (name, settings, names) => {
    const summaryFile = join(dir, `${name}.json`);
    const env = { ORIGIN: headwater.urls.origin, EVENT: "derby", ...settings, SUMMARY_FILE: summaryFile };
    const code = await runK6(name, env, { stdio: "ignore" });
    const { classes, missed } = JSON.parse(await readFile(summaryFile, "utf8")) as { classes: Row[]; missed: string[] };
    // How fast it is says nothing on a machine that does other things: what was answered does.
    expect(missed.filter((threshold) => !/p\(99\)|dropped/.test(threshold))).toEqual([]);
    expect([0, 99]).toContain(code);
    expect(classes.map((row) => row.class)).toEqual(names);
    for (const { requests } of classes) expect(requests).toBeGreaterThan(2);
  },
  K6_MS,
);

(k6 ? test : test.skip)(
  "an event that is not there ends a scenario with an error",
  async () => {
    const env = { ORIGIN: headwater.urls.origin, EVENT: "no-such-event", DURATION: "1s" };
    expect(await runK6("live", env, { stdio: "ignore" })).not.toBe(0);
  },
  K6_MS,
);
