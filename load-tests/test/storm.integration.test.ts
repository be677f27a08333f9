import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findBinary, requirePart } from "@headwater/infra";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { slow } from "../storm/slow.ts";
import { storm } from "../storm/storm.ts";

const taskset = process.platform === "linux" && findBinary("taskset") !== undefined;
const k6 = taskset && (await requirePart("k6")) !== undefined;
const slowhttptest = k6 && (await requirePart("slowhttptest")) !== undefined;
const STORM_MS = 240_000;
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "headwater-storm-"));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

// How fast it is says nothing on a machine that does other things: only what does not depend on that is asserted.
(k6 ? test : test.skip)(
  "a short storm, the origin killed in it: no PUT fails, 404s read nothing, and the report has it all",
  async () => {
    const mix = { RATE: "2", TIMES: "3", EDGES: "1", NOT_FOUND_RATE: "30", DVR_RATE: "5" };
    const { verdicts, reportFile } = await storm({
      dir: join(dir, "storm"),
      outDir: join(dir, "out"),
      seconds: 8,
      killOrigin: true,
      mix,
      notFoundRate: 90,
      past: 15,
    });
    const missed = verdicts.filter(({ met }) => !met).map(({ what }) => what);
    expect(missed.filter((what) => !/p99|origin is back/.test(what))).toEqual([]);
    const html = await readFile(reportFile, "utf8");
    const seen = ["held", "together", "late", "playlist", "dvr", "early", "unknown", "hostile"];
    for (const name of seen) expect(html).toContain(`<td class="number">${name}</td>`);
    for (const text of ["origin killed", "origin back", "404 storm alone", "core 0", "store", "Memory (RSS)"]) {
      expect(html).toContain(text);
    }
    expect(html).not.toMatch(/NaN|undefined|Infinity/);
    expect(JSON.parse(await readFile(join(dir, "out", "verdicts.json"), "utf8"))).toEqual(verdicts);
  },
  STORM_MS,
);

(slowhttptest ? test : test.skip)(
  "a few slow clients: each is seen, and the live edge is served meanwhile",
  async () => {
    const { verdicts, reportFile } = await slow({
      dir: join(dir, "slow"),
      outDir: join(dir, "out"),
      seconds: 4,
      connections: 40,
      attacks: ["headers"],
    });
    const missed = verdicts.filter(({ met }) => !met).map(({ what }) => what);
    expect(missed.filter((what) => !/p99/.test(what))).toEqual([]);
    const most = verdicts
      .map(({ what }) => /of (\d+) open at once/.exec(what)?.[1])
      .find((count) => count !== undefined);
    expect(Number(most)).toBeGreaterThanOrEqual(20);
    expect(await readFile(reportFile, "utf8")).toContain("Slow connections that are open");
  },
  STORM_MS,
);
