import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { requirePart } from "@headwater/infra";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type Headwater, startHeadwater } from "../proof/harness/headwater.ts";
import { runK6, type ScenarioName } from "../run-k6.ts";
import { type StormEvent, startStormEvent } from "../storm/event.ts";

const k6 = await requirePart("k6");
const K6_MS = 90_000;
let dir: string;
let headwater: Headwater;
let event: StormEvent;
/** k6's exit codes. */
let slices: ReadonlyMap<ScenarioName, Promise<number | null>>;

beforeAll(async () => {
  if (!k6) return;
  dir = await mkdtemp(join(tmpdir(), "headwater-k6-"));
  headwater = await startHeadwater(dir);
  event = await startStormEvent(headwater, { id: "derby", durationMs: 1000, renditions: ["360p", "720p"], past: 60 });
  // All at once: each is little load, and takes its time.
  slices = new Map(SLICES.map(([name, settings]) => [name, run(name, "derby", settings)]));
  await Promise.allSettled(slices.values());
}, K6_MS);

afterAll(async () => {
  await event?.stop();
  await headwater?.stop();
  if (dir) await rm(dir, { recursive: true, force: true });
}, 60_000);

const summaryOf = (name: ScenarioName) => join(dir, `${name}.json`);
const run = (name: ScenarioName, eventId: string, settings: Record<string, string>) =>
  runK6(
    name,
    { ORIGIN: headwater.urls.origin, EVENT: eventId, ...settings, SUMMARY_FILE: summaryOf(name) },
    { stdio: "ignore" },
  );

interface Row {
  readonly class: string;
  readonly requests: number;
  readonly right: number;
}

const EDGES = ["held", "together", "late"];
const NOT_FOUND = ["early", "unknown", "hostile"];
const SLICES: readonly [ScenarioName, Record<string, string>, string[]][] = [
  ["live", { RATE: "10", STORM_RATE: "20", DURATION: "3s" }, ["playlist", "segment", ...NOT_FOUND]],
  ["live-edge", { EDGES: "2", DURATION: "4s" }, EDGES],
  ["storm-404", { RATE: "90", EDGES: "2", DURATION: "4s" }, [...EDGES, ...NOT_FOUND]],
  ["dvr-rewind", { RATE: "20", EDGES: "2", DURATION: "4s" }, [...EDGES, "dvr"]],
  ["reconnect", { RATE: "5", BEFORE: "2s", OUTAGE: "1s", SURGE: "1s", AFTER: "1s" }, ["playlist", "segment"]],
];

test.each(k6 ? SLICES : [])("a slice of %s: every class is answered as it should be", async (name, _, names) => {
  const code = await slices.get(name);
  const { classes, missed } = JSON.parse(await readFile(summaryOf(name), "utf8")) as {
    classes: Row[];
    missed: string[];
  };
  // How fast it is says nothing on a machine that does other things: what was answered does.
  expect(missed.filter((threshold) => !/p\(99\)|dropped/.test(threshold))).toEqual([]);
  expect([0, 99]).toContain(code);
  expect(classes.map((row) => row.class)).toEqual(names);
  for (const { requests } of classes) expect(requests).toBeGreaterThan(2);
});

(k6 ? test : test.skip)(
  "an event that is not there ends a scenario with an error",
  async () => {
    expect(await run("live", "no-such-event", { DURATION: "1s" })).not.toBe(0);
  },
  K6_MS,
);
