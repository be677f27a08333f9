import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TestCassandra } from "@headwater/infra";
import { LIVE_EDGE } from "../k6/lib/classes.ts";
import { between, requestsOf } from "./answers.ts";
import { onCore } from "./cores.ts";
import { facts } from "./report/facts.ts";
import { stormHtml } from "./report/html.ts";
import { answerPlots, classTable, processPlots, putPlot, timeAxis } from "./report/series.ts";
import { ATTACKS, type Attack, type SlowResult, slowClients } from "./slow-clients.ts";
import { type Phase, Stage } from "./stage.ts";
import type { StormResult } from "./storm.ts";
import { atMost, share, type Verdict, withinIdle } from "./verdicts.ts";

export interface SlowStormOptions {
  /** An empty folder for data, logs and k6's samples. */
  readonly dir: string;
  /** Where the report goes. */
  readonly outDir: string;
  readonly cassandra?: TestCassandra | undefined;
  /** Of each attack. */
  readonly seconds: number;
  readonly connections: number;
  readonly attacks?: readonly Attack[];
}

const PAST = 20;
const REAPED_SEC = 15;
const MAX_GROWTH_MIB = 128;

interface Struck {
  readonly attack: Attack;
  readonly phase: Phase;
  readonly result: SlowResult;
}

/** Many connections that are slow on purpose, while the probe reads the live edge. */
export async function slow(options: SlowStormOptions): Promise<StormResult> {
  const { dir, seconds, connections, cassandra, attacks = Object.keys(ATTACKS) as Attack[] } = options;
  const stage = await Stage.start({ dir, cassandra, past: PAST });
  const struck: Struck[] = [];
  let idle: Phase;
  try {
    idle = await stage.phase("idle", seconds);
    for (const attack of attacks) {
      const [encoder] = stage.event.encoders;
      const url = encoder!.urlOf(encoder!.acknowledged.at(-1)!);
      let result: SlowResult = { open: [], longestSec: 0 };
      const phase = await stage.phase(`slow ${attack}`, seconds, {
        beside: async () => {
          const prefix = onCore(stage.cores.storm, true);
          result = await slowClients({ attack, url, connections, seconds, prefix });
        },
      });
      struck.push({ attack, phase, result });
    }
  } finally {
    await stage.stop();
  }
  const verdicts = [
    ...struck.flatMap((one) => judge(stage, idle, one, connections)),
    atMost("failed PUTs", stage.puts(idle.beganMs, Number.POSITIVE_INFINITY).failed.length, 0),
  ];
  const axis = timeAxis(stage);
  const sockets = struck.map(({ attack, result }) => ({
    name: attack,
    points: result.open.map(([atMs, count]) => [(atMs - axis.startMs) / 1000, count] as const),
  }));
  const html = stormHtml({
    title: "Headwater and slow clients",
    facts: facts(stage, axis.startMs, cassandra, [
      ["the attack", `slowhttptest, ${connections} connections each: ${attacks.join(", ")}; a few bytes every 5 s`],
      ["figures", "of a phase from 2 s after its beginning on; a connection's life is told to half a second"],
    ]),
    verdicts,
    tables: [classTable("The probe at the live edge", stage.probe, stage.phases)],
    axis,
    plots: [
      { title: "Slow connections that are open", unit: "connections", lines: sockets },
      ...answerPlots(stage, axis.startMs).filter(({ lines }) => lines.length > 0),
      putPlot(stage, axis.startMs),
      ...processPlots(stage, axis.startMs),
    ],
  });
  const reportFile = join(options.outDir, "slow.html");
  await mkdir(options.outDir, { recursive: true });
  await writeFile(reportFile, html);
  await writeFile(join(options.outDir, "verdicts.json"), `${JSON.stringify(verdicts, null, 2)}\n`);
  return { verdicts, reportFile };
}

function judge(stage: Stage, idle: Phase, { attack, phase, result }: Struck, connections: number): Verdict[] {
  const live = ({ fromMs, toMs }: Phase) => between(stage.probe, LIVE_EDGE, fromMs, toMs);
  const rssMiB = ({ beganMs, toMs }: Phase) => {
    const looks = stage.watch.of("origin").flat();
    const during = looks.filter(({ atMs }) => atMs >= beganMs && atMs <= toMs);
    return Math.max(0, ...during.map(({ rssBytes }) => rssBytes)) / 1024 ** 2;
  };
  const most = Math.max(0, ...result.open.map(([, count]) => count));
  const now = live(phase);
  return [
    withinIdle(`live GET, slow ${attack}:`, live(idle).firstByteMs, now.firstByteMs, 1.2),
    share(`live GET served, slow ${attack}:`, now.outcomes.right, requestsOf(now), 0.999),
    atMost(
      `longest connection of ${most} open at once (${connections} asked for), slow ${attack}`,
      result.longestSec,
      REAPED_SEC,
      " s",
    ),
    atMost(`origin's RSS above idle, slow ${attack}`, rssMiB(phase) - rssMiB(idle), MAX_GROWTH_MIB, " MiB"),
  ];
}
