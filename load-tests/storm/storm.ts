import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { TestCassandra } from "@headwater/infra";
import { LIVE_EDGE, NOT_FOUND } from "../k6/lib/classes.ts";
import { between, requestsOf } from "./answers.ts";
import { facts } from "./report/facts.ts";
import { type StormReport, stormHtml } from "./report/html.ts";
import { answerPlots, classTable, processPlots, putPlot, timeAxis } from "./report/series.ts";
import { BEGIN_MS, type Phase, PUTS_PER_SECOND, Stage, type StormLoad } from "./stage.ts";
import { atMost, ENOUGH, share, type Verdict, withinIdle } from "./verdicts.ts";
import { growth } from "./watch.ts";

export interface StormOptions {
  /** An empty folder for data, logs and k6's samples. */
  readonly dir: string;
  /** Where the report goes. */
  readonly outDir: string;
  readonly cassandra?: TestCassandra | undefined;
  /** Of the mix; the other phases follow from it. */
  readonly seconds: number;
  /** The origin is killed with -9 in the middle of the mix. */
  readonly killOrigin?: boolean;
  /** Settings of k6/mix.ts in place of those below. */
  readonly mix?: Readonly<Record<string, string>>;
  /** Of the 404 storm, requests a second. */
  readonly notFoundRate?: number;
  readonly past?: number;
}

export interface StormResult {
  readonly verdicts: readonly Verdict[];
  readonly reportFile: string;
}

type Phases = Record<"idle" | "notFound" | "quiet" | "mix", Phase>;

const MIX = { RATE: "20", TIMES: "10", EDGES: "10", NOT_FOUND_RATE: "1500", DVR_RATE: "100" };
/** More than one core of k6 and origin can do: the storm is as fast as it gets. */
const FULL_SPEED = 6_000;
const QUIET_SEC = 5;
const PAST = 120;
/** A phase of at least as many PUTs as a p99 needs; shorter only where all is a quick look. */
const ENOUGH_SEC = Math.ceil(ENOUGH / PUTS_PER_SECOND + BEGIN_MS / 1000) + 1;
const BACK_MS = 10_000;

/** Idle, a 404 storm, the same without a reader, and the mix; then the verdicts and the report. */
export async function storm(options: StormOptions): Promise<StormResult> {
  const { dir, seconds, cassandra, killOrigin = false, past = PAST } = options;
  const stage = await Stage.start({ dir, cassandra, past });
  const settings = { RATE: `${options.notFoundRate ?? FULL_SPEED}`, EDGES: "0" };
  const notFound: StormLoad = { scenario: "storm-404", settings };
  const idleSec = seconds < ENOUGH_SEC ? Math.max(3, Math.ceil(seconds / 3)) : ENOUGH_SEC;
  const phases = {} as Phases;
  try {
    phases.idle = await stage.phase("idle", idleSec);
    phases.notFound = await stage.phase("404 storm", idleSec, { storm: notFound });
    phases.quiet = await stage.phase("404 storm alone", QUIET_SEC, { storm: notFound, unwatched: true });
    phases.mix = await stage.phase("mix", seconds, {
      storm: { scenario: "mix", settings: { ...MIX, ...options.mix } },
      ...(killOrigin && { beside: () => killInTheMiddle(stage, seconds) }),
    });
  } finally {
    await stage.stop();
  }
  const verdicts = judge(stage, phases, killOrigin);
  const reportFile = join(options.outDir, "storm.html");
  await mkdir(options.outDir, { recursive: true });
  await writeFile(reportFile, stormHtml(report(stage, verdicts, options)));
  await writeFile(join(options.outDir, "verdicts.json"), `${JSON.stringify(verdicts, null, 2)}\n`);
  return { verdicts, reportFile };
}

async function killInTheMiddle(stage: Stage, seconds: number): Promise<void> {
  await sleep((seconds * 1000) / 2);
  stage.marks.push({ text: "origin killed", atMs: Date.now() });
  await stage.headwater.restart("origin");
  stage.marks.push({ text: "origin back", atMs: Date.now() });
}

function judge(stage: Stage, phases: Phases, killed: boolean): Verdict[] {
  const { idle, notFound, quiet, mix } = phases;
  const putsMs = ({ fromMs, toMs }: Phase) => stage.puts(fromMs, toMs).acknowledged.map(({ tookMs }) => tookMs);
  const live = ({ fromMs, toMs }: Phase, names = LIVE_EDGE) => between(stage.probe, names, fromMs, toMs);
  const failed = stage.puts(idle.beganMs, Number.POSITIVE_INFINITY).failed.length;
  const refused = between(stage.storm, NOT_FOUND, notFound.beganMs, quiet.toMs);
  const inMix = live(mix);
  const reads = (tier: string) =>
    stage.watch
      .of("origin")
      .reduce((sum, looks) => sum + growth(looks, (look) => look.reads[tier] ?? 0, quiet.fromMs, quiet.toMs), 0);
  const alone = between(stage.storm, NOT_FOUND, quiet.fromMs, quiet.toMs);
  const [killedAt, back] = stage.marks;
  return [
    withinIdle("PUT, mix:", putsMs(idle), putsMs(mix), 1.2),
    withinIdle("PUT, 404 storm:", putsMs(idle), putsMs(notFound), 1.2),
    atMost("failed PUTs", failed, 0),
    withinIdle(
      "live edge, held, 404 storm:",
      live(idle, ["held"]).firstByteMs,
      live(notFound, ["held"]).firstByteMs,
      1.5,
    ),
    withinIdle(
      "live edge, together and late, 404 storm:",
      live(idle, ["together", "late"]).firstByteMs,
      live(notFound, ["together", "late"]).firstByteMs,
      1.5,
    ),
    ...["store", "memcached"].map((tier) => noReads(tier, reads(tier), requestsOf(alone))),
    share("404s that are right", refused.outcomes.right, requestsOf(refused), 0.999),
    ...(killed
      ? [
          atMost(
            "until the origin is back",
            ((back?.atMs ?? Number.NaN) - (killedAt?.atMs ?? 0)) / 1000,
            BACK_MS / 1000,
            " s",
          ),
        ]
      : [share("live edge served in the mix", inMix.outcomes.right, requestsOf(inMix), 0.999)]),
  ];
}

const noReads = (tier: string, reads: number, requests: number): Verdict => ({
  what: `no ${tier} reads while nothing but 404s is asked`,
  figure: `${reads} reads, ${requests} requests`,
  met: reads === 0 && requests > 0,
});

function report(stage: Stage, verdicts: readonly Verdict[], options: StormOptions): StormReport {
  const { cassandra, killOrigin = false, past = PAST } = options;
  const axis = timeAxis(stage);
  return {
    title: "Headwater in a storm",
    facts: facts(stage, axis.startMs, cassandra, [
      ["to seek back to", `${past} segments of each rendition from before, and all since`],
      ["the mix", JSON.stringify({ ...MIX, ...options.mix })],
      ["killed", killOrigin ? "the origin, with -9, in the middle of the mix" : "nothing"],
      [
        "figures",
        "of a phase from 2 s after its beginning on; the live edge is measured by the probe, not by the storm",
      ],
    ]),
    verdicts,
    tables: [
      classTable("The probe at the live edge", stage.probe, stage.phases),
      classTable("The storm", stage.storm, stage.phases),
    ],
    axis,
    plots: [putPlot(stage, axis.startMs), ...answerPlots(stage, axis.startMs), ...processPlots(stage, axis.startMs)],
  };
}
