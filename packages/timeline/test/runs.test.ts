import { describe, expect, test } from "@jest/globals";
import { type Mapping, mapIncoming, originNumber, presumedRun, type Run, type RunsState } from "../src/index.ts";

/** What happens, in order: time in s, pipeline/rendition, incoming number, its bytes, and whether an init came before. */
type Put = readonly [atS: number, stream: string, incoming: number, bytes: string, init?: "init"];
/** Run and number of each put, or how it is answered when nothing new is stored. */
type Outcome = `${number}:${number}` | `${number}:${number} ${"same" | "conflict"}`;

/** A pipeline's encoder as the publisher sees it: keeps what is committed and asks the rule, d = 2 s. */
function play(puts: readonly Put[], expectedAt?: (atS: number) => number): Outcome[] {
  const runs: Run[] = [];
  const commits: {
    pipeline: string;
    rendition: string;
    run: number;
    incoming: number;
    number: number;
    bytes: string;
    atMs: number;
  }[] = [];
  return puts.map(([atS, stream, incoming, bytes, init]): Outcome => {
    const [pipeline = "", rendition = ""] = stream.split("/");
    const nowMs = atS * 1000;
    const own = runs.filter((run) => run.pipeline === pipeline);
    const mine = commits.filter((commit) => commit.pipeline === pipeline);
    const inNewest = mine.filter((commit) => commit.run === own.at(-1)?.run);
    const highestOf = (list: { incoming: number }[]) =>
      list.length === 0 ? undefined : Math.max(...list.map((commit) => commit.incoming));
    const highestIncoming = highestOf(inNewest);
    const renditionHighestIncoming = highestOf(inNewest.filter((commit) => commit.rendition === rendition));
    const lastCommitMs = mine.at(-1)?.atMs;
    const first = commits[0];
    const expectedNumber = expectedAt?.(atS) ?? (first && first.number + Math.round((nowMs - first.atMs) / 2000));
    const state: RunsState = {
      pipeline,
      runs: own,
      durationMs: 2000,
      ...(highestIncoming === undefined ? {} : { highestIncoming }),
      ...(renditionHighestIncoming === undefined ? {} : { renditionHighestIncoming }),
      ...(first === undefined ? {} : { highestOrigin: Math.max(...commits.map((commit) => commit.number)) }),
      ...(lastCommitMs === undefined ? {} : { lastCommitMs }),
      ...(expectedNumber === undefined ? {} : { expectedNumber }),
    };
    const presumed = presumedRun(state, incoming);
    const held = (number: number) => mine.find((commit) => commit.rendition === rendition && commit.number === number);
    const there = presumed && held(originNumber(presumed, incoming));
    const mapping: Mapping = mapIncoming(state, {
      incoming,
      nowMs,
      initSinceLastCommit: init === "init",
      ...(there === undefined ? {} : { sameBytes: there.bytes === bytes }),
    });
    const run = mapping.run;
    if (mapping.kind === "new-run") runs.push(run);
    const number = originNumber(run, incoming);
    const before = held(number);
    if (before !== undefined) return `${run.run}:${number} ${before.bytes === bytes ? "same" : "conflict"}`;
    commits.push({ pipeline, rendition, run: run.run, incoming, number, bytes, atMs: nowMs });
    return `${run.run}:${number}`;
  });
}

const stories: [string, [Put, Outcome][]][] = [
  [
    "the first encoder gives the event its numbers",
    [
      [[0, "a/v", 500, "v500", "init"], "0:500"],
      [[0.1, "a/s", 500, "s500", "init"], "0:500"],
      [[0.2, "a/t", 499, "t499", "init"], "0:499"],
      [[2, "a/v", 501, "v501"], "0:501"],
    ],
  ],
  [
    "restarted from 0 after 3 s",
    [
      [[0, "a/v", 0, "x0", "init"], "0:0"],
      [[2, "a/v", 1, "x1"], "0:1"],
      [[4, "a/v", 2, "x2"], "0:2"],
      [[7, "a/v", 0, "y0"], "1:3"],
      [[9, "a/v", 1, "y1"], "1:4"],
      [[11, "a/v", 2, "y2"], "1:5"],
      [[14, "a/v", 0, "z0"], "2:6"],
    ],
  ],
  [
    "restarted at once, with its init",
    [
      [[0, "a/v", 0, "x0", "init"], "0:0"],
      [[2, "a/v", 1, "x1"], "0:1"],
      [[3, "a/v", 0, "y0", "init"], "1:2"],
      [[5, "a/v", 1, "y1"], "1:3"],
    ],
  ],
  [
    "restarted to bytes that are the same",
    [
      [[0, "a/v", 0, "x0", "init"], "0:0"],
      [[2, "a/v", 1, "x1"], "0:1"],
      [[9, "a/v", 0, "x0", "init"], "0:0 same"],
    ],
  ],
  [
    "restarted to the same bytes again, as a file or test picture is",
    [
      [[0, "a/v", 0, "x0", "init"], "0:0"],
      [[2, "a/v", 1, "x1"], "0:1"],
      [[4, "a/v", 2, "x2"], "0:2"],
      [[9, "a/v", 0, "x0", "init"], "1:3"],
      [[11, "a/v", 1, "x1"], "1:4"],
      [[13, "a/v", 2, "x2"], "1:5"],
      [[15, "a/v", 3, "x3"], "1:6"],
      [[18, "a/v", 0, "x0"], "2:7"],
    ],
  ],
  [
    "the same bytes again are no restart without a pause, behind the beginning, or of what has just been sent",
    [
      [[0, "a/v", 0, "x0", "init"], "0:0"],
      [[2, "a/v", 1, "x1"], "0:1"],
      [[4, "a/v", 2, "x2"], "0:2"],
      [[5, "a/v", 0, "x0", "init"], "0:0 same"],
      [[9, "a/v", 1, "x1", "init"], "0:1 same"],
      [[9, "a/v", 3, "x3"], "0:3"],
      [[11, "a/v", 4, "x4"], "0:4"],
      [[13, "a/v", 5, "x5"], "0:5"],
      [[19, "a/v", 3, "x3"], "0:3 same"],
    ],
  ],
  [
    "restarted where an older number was never seen",
    [
      [[0, "a/v", 3, "x3", "init"], "0:3"],
      [[2, "a/v", 4, "x4"], "0:4"],
      [[4, "a/v", 5, "x5"], "0:5"],
      [[9, "a/v", 0, "y0", "init"], "1:6"],
    ],
  ],
  [
    "three renditions restart one after the other",
    [
      [[0, "a/v", 0, "v0", "init"], "0:0"],
      [[0.1, "a/s", 0, "s0", "init"], "0:0"],
      [[0.2, "a/t", 0, "t0", "init"], "0:0"],
      [[20, "a/v", 10, "v10"], "0:10"],
      [[20.1, "a/s", 10, "s10"], "0:10"],
      [[20.2, "a/t", 10, "t10"], "0:10"],
      [[24, "a/v", 0, "V0", "init"], "1:11"],
      [[24.1, "a/t", 11, "t11"], "0:11"],
      [[24.3, "a/s", 0, "S0", "init"], "1:11"],
      [[26, "a/v", 1, "V1"], "1:12"],
      [[26.3, "a/s", 1, "S1"], "1:12"],
      [[28, "a/t", 1, "T1", "init"], "1:12"],
      [[28.1, "a/t", 2, "T2"], "1:13"],
    ],
  ],
  [
    "a late retry of 41 after 42",
    [
      [[0, "a/v", 40, "x40", "init"], "0:40"],
      [[4, "a/v", 42, "x42"], "0:42"],
      [[4.5, "a/v", 41, "x41"], "0:41"],
      [[6, "a/v", 43, "x43"], "0:43"],
    ],
  ],
  [
    "a hole filled after a pause",
    [
      [[0, "a/v", 40, "x40", "init"], "0:40"],
      [[10, "a/v", 45, "x45"], "0:45"],
      [[14, "a/v", 44, "x44"], "0:44"],
    ],
  ],
  [
    "duplicates, at once and later",
    [
      [[0, "a/v", 40, "x40", "init"], "0:40"],
      [[0.1, "a/v", 40, "x40"], "0:40 same"],
      [[2, "a/v", 41, "x41"], "0:41"],
      [[2.5, "a/v", 40, "x40"], "0:40 same"],
      [[9, "a/v", 41, "x41"], "0:41 same"],
    ],
  ],
  [
    "other bytes without a sign of a restart",
    [
      [[0, "a/v", 40, "x40", "init"], "0:40"],
      [[0.5, "a/v", 40, "y40"], "0:40 conflict"],
      [[2, "a/v", 41, "x41"], "0:41"],
      [[2.5, "a/v", 40, "y40"], "0:40 conflict"],
    ],
  ],
  [
    "two pipelines, the second with numbers of its own",
    [
      [[0, "a/v", 100, "x100", "init"], "0:100"],
      [[2, "a/v", 101, "x101"], "0:101"],
      [[4.1, "b/v", 0, "y0", "init"], "0:102"],
      [[4.2, "b/s", 0, "z0", "init"], "0:102"],
      [[4.3, "a/v", 102, "x102"], "0:102"],
      [[6, "b/v", 1, "y1"], "0:103"],
    ],
  ],
  [
    "two pipelines that agree",
    [
      [[0, "a/v", 100, "x100", "init"], "0:100"],
      [[2, "a/v", 101, "x101"], "0:101"],
      [[4, "b/v", 99, "y99", "init"], "0:99"],
      [[4.1, "b/v", 100, "y100"], "0:100"],
    ],
  ],
  [
    "one of two pipelines restarts",
    [
      [[0, "a/v", 100, "x100", "init"], "0:100"],
      [[0, "b/v", 100, "y100", "init"], "0:100"],
      [[2, "a/v", 101, "x101"], "0:101"],
      [[4, "a/v", 102, "x102"], "0:102"],
      [[6, "b/v", 0, "z0", "init"], "1:103"],
      [[6.1, "a/v", 103, "x103"], "0:103"],
    ],
  ],
  [
    "numbers wrap under a running encoder",
    [
      [[0, "a/v", 65_500, "v65500", "init"], "0:65500"],
      [[0, "a/s", 65_500, "s65500", "init"], "0:65500"],
      [[70, "a/v", 65_535, "v65535"], "0:65535"],
      [[72, "a/v", 0, "w0"], "1:65536"],
      [[72.1, "a/s", 65_535, "s65535"], "0:65535"],
      [[72.2, "a/v", 65_534, "v65534"], "0:65534"],
      [[74, "a/s", 0, "r0"], "1:65536"],
      [[74.1, "a/v", 1, "w1"], "1:65537"],
    ],
  ],
  [
    "wrapped onto its own beginning",
    [
      [[0, "a/v", 0, "x0", "init"], "0:0"],
      [[198, "a/v", 99, "x99"], "0:99"],
      [[199.9, "a/v", 0, "y0"], "1:100"],
    ],
  ],
  [
    "a burst after an outage catches up",
    [
      [[0, "a/v", 40, "x40", "init"], "0:40"],
      [[20, "a/v", 41, "x41"], "0:41"],
      [[20.1, "a/v", 42, "x42"], "0:42"],
      [[20.2, "a/v", 50, "x50"], "0:50"],
    ],
  ],
  [
    "faster than real time without a gap",
    [
      [[0, "a/v", 0, "x0", "init"], "0:0"],
      [[0.1, "a/v", 1, "x1"], "0:1"],
      [[0.2, "a/v", 2, "x2"], "0:2"],
      [[0.3, "a/v", 3, "x3"], "0:3"],
      [[0.4, "a/v", 4, "x4"], "0:4"],
      [[0.5, "a/v", 5, "x5"], "0:5"],
    ],
  ],
  [
    "a jump far ahead",
    [
      [[0, "a/v", 0, "x0", "init"], "0:0"],
      [[2, "a/v", 1, "x1"], "0:1"],
      [[4, "a/v", 900_000, "y0"], "1:2"],
      [[6, "a/v", 900_001, "y1"], "1:3"],
    ],
  ],
  [
    "a rendition that lags behind the others",
    [
      [[0, "a/v", 0, "v0", "init"], "0:0"],
      [[0.1, "a/s", 0, "s0", "init"], "0:0"],
      [[100, "a/v", 50, "v50"], "0:50"],
      [[103, "a/s", 1, "s1"], "0:1"],
      [[103.1, "a/s", 2, "s2"], "0:2"],
    ],
  ],
];

describe("an encoder's numbers become ours", () => {
  test.each(stories)("%s", (_, story) => {
    expect(play(story.map(([put]) => put))).toEqual(story.map(([, outcome]) => outcome));
  });

  test("a run maps both ways from its base and never below 0", () => {
    const run: Run = { pipeline: "a", run: 0, incomingBase: 5, originBase: 2 };
    expect(originNumber(run, 7)).toBe(4);
    const state: RunsState = {
      pipeline: "a",
      runs: [run],
      highestIncoming: 9,
      renditionHighestIncoming: 9,
      highestOrigin: 6,
      durationMs: 2000,
    };
    const mapping = mapIncoming(state, { incoming: 1, nowMs: 0, initSinceLastCommit: false });
    expect(mapping).toEqual({ kind: "new-run", run: { pipeline: "a", run: 1, incomingBase: 1, originBase: 7 } });
  });
});
