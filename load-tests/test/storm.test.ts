import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { between, readAnswers, requestsOf } from "../storm/answers.ts";
import { describeCores, layOut } from "../storm/cores.ts";
import { parseMetrics, sumBy } from "../storm/metrics.ts";
import { stormHtml } from "../storm/report/html.ts";
import { niceCeiling, plotSvg } from "../storm/report/plot.ts";
import { atMost, share, verdictLine, withinIdle } from "../storm/verdicts.ts";
import { growth, type Look } from "../storm/watch.ts";

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "headwater-storm-"));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

test("k6's samples are added up by class and second", async () => {
  const file = join(dir, "samples.csv");
  const rows = [
    "metric_name,timestamp,metric_value,scenario,status,extra_tags,metadata",
    "http_reqs,100,1.000000,late,200,class=late,",
    "answers,100,1.000000,late,,class=late&outcome=right,",
    "first_byte,100,12.500000,late,,class=late,",
    "answers,101,1.000000,late,,class=late&outcome=wrong,",
    "answers,101,1.000000,dvr,,class=dvr&outcome=shed,",
    "answers,102,2.000000,dvr,,class=dvr&outcome=none,",
  ];
  await writeFile(file, rows.join("\n"));
  const answers = await readAnswers(file);
  const all = between(answers, ["late", "dvr"], 100_000, 103_000);
  expect(all).toEqual({ outcomes: { right: 1, wrong: 1, shed: 1, none: 2 }, firstByteMs: [12.5] });
  expect(requestsOf(all)).toBe(5);
  expect(between(answers, ["late"], 101_000, 103_000).outcomes).toEqual({ right: 0, wrong: 1, shed: 0, none: 0 });
  expect(requestsOf(between(answers, ["dvr"], 100_000, 102_000))).toBe(1);
});

test("metrics are read from Prometheus's text", () => {
  const metrics = parseMetrics(
    [
      "# HELP headwater_storage_reads_total Reads",
      'headwater_storage_reads_total{tier="memory",cause="segment"} 5',
      'headwater_storage_reads_total{tier="store",cause="segment"} 2',
      'headwater_storage_reads_total{tier="store",cause="a \\"b\\" {c}"} 3',
      "process_cpu_seconds_total 1.5e-3",
      "",
    ].join("\n"),
  );
  expect(sumBy(metrics, "headwater_storage_reads_total", "tier")).toEqual({ memory: 5, store: 5 });
  expect(metrics.at(-1)).toEqual({ name: "process_cpu_seconds_total", labels: {}, value: 0.0015 });
});

test("growth is told by the last look before each moment", () => {
  const look = (atMs: number, store: number): Look => {
    return { atMs, cpuSec: 0, rssBytes: 0, loopLagMs: 0, reads: { store }, decisions: {} };
  };
  const looks = [look(0, 1), look(1000, 4), look(2000, 4), look(3000, 9)];
  const of = ({ reads }: Look) => reads.store!;
  expect(growth(looks, of, 1000, 2900)).toBe(0);
  expect(growth(looks, of, 500, 3000)).toBe(8);
  expect(growth([], of, 0, 3000)).toBe(0);
});

describe("verdicts", () => {
  const samples = (ms: number) => Array.from({ length: 1000 }, () => ms);
  test.each([
    [
      withinIdle("PUT", samples(10), samples(12), 1.2),
      true,
      "1.20 x (12.0 ms of 1000, p50 12.0; idle 10.0 ms of 1000, p50 10.0)",
    ],
    [
      withinIdle("PUT", samples(10), samples(13), 1.2),
      false,
      "1.30 x (13.0 ms of 1000, p50 13.0; idle 10.0 ms of 1000, p50 10.0)",
    ],
    [withinIdle("PUT", samples(10), [], 1.2), false, "few samples"],
    [share("served", 999, 1000, 0.999), true, "99.900 % (999 of 1000)"],
    [share("served", 0, 0, 0.999), false, "none was counted"],
    [atMost("failed", 0, 0), true, "0"],
    [atMost("back", Number.NaN, 10, " s"), false, "NaN s"],
  ])("%j", (verdict, met, figure) => {
    expect(verdict.met).toBe(met);
    expect(verdict.figure).toContain(figure);
    expect(verdictLine(verdict).startsWith(met ? "met " : "MISSED ")).toBe(true);
  });
});

test("PUTs keep away from the storm as soon as there are two cores, and the origin with three", () => {
  for (const count of [2, 3, 4, 64]) expect(layOut(count).publisher).not.toBe(layOut(count).storm);
  for (const count of [3, 4, 64]) expect(layOut(count).origin).not.toBe(layOut(count).storm);
  expect(describeCores(layOut(2))).toMatch(/^core 0: the origin \+ the storm.*; core 1: the publisher \+ encoders/);
});

describe("the report", () => {
  const axis = {
    seconds: 20,
    phases: [{ name: "idle & calm", fromSec: 0, toSec: 20 }],
    marks: [{ text: "killed", atSec: 10 }],
  };
  const plot = {
    title: "<Reads>",
    unit: "a second",
    lines: [
      {
        name: "store",
        points: [
          [0, 1],
          [1, 2],
          [9, 4],
        ] as const,
      },
    ],
  };

  test("breaks a line where nothing was seen, and shows phases and marks", () => {
    const svg = plotSvg(plot, axis);
    expect(svg.match(/<path d="([^"]*)"/)?.[1]).toMatch(/^M[\d. ]+L[\d. ]+M[\d. ]+$/);
    for (const text of ["idle &#38; calm", "killed", "&#60;Reads&#62;", "5"]) expect(svg).toContain(text);
    expect(plotSvg({ ...plot, lines: [] }, axis)).not.toMatch(/NaN|Infinity/);
  });

  test("is one file that asks for nothing else", () => {
    const html = stormHtml({
      title: "A storm",
      facts: [["store", "local"]],
      verdicts: [share("served", 1, 2, 1)],
      tables: [{ title: "Classes", columns: ["class", "n"], rows: [["late", "7"]] }],
      axis,
      plots: [plot],
    });
    for (const text of ["MISSED", "50.000 %", "late", "<svg"]) expect(html).toContain(text);
    expect(html).not.toMatch(/<script|src=|href=|url\(|@import/);
  });

  test.each([
    [0, 1],
    [Number.NaN, 1],
    [0.3, 0.5],
    [1, 1],
    [37, 50],
    [5100, 10_000],
  ])("%d is drawn up to %d", (value, top) => {
    expect(niceCeiling(value)).toBeCloseTo(top, 9);
  });
});
