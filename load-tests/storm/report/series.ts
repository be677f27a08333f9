import { percentile } from "../../faults/traffic/figures.ts";
import type { Class, Outcome } from "../../k6/lib/classes.ts";
import { type Answers, between, requestsOf, type Second } from "../answers.ts";
import { type Phase, PUTS_PER_SECOND, putAtMs, type Stage } from "../stage.ts";
import type { Look } from "../watch.ts";
import type { Table } from "./html.ts";
import type { Line, Plot, TimeAxis } from "./plot.ts";

/** From the first phase on. */
export function timeAxis({ phases, marks }: Stage): TimeAxis & { readonly startMs: number } {
  const startMs = phases[0]!.beganMs;
  const sec = (ms: number) => (ms - startMs) / 1000;
  return {
    startMs,
    seconds: sec(phases.at(-1)!.toMs),
    phases: phases.map(({ name, beganMs, toMs }) => ({ name, fromSec: sec(beganMs), toSec: sec(toMs) })),
    marks: marks.map(({ text, atMs }) => ({ text, atSec: sec(atMs) })),
  };
}

/** Of each class a value a second. */
function byClass(answers: Answers, startMs: number, of: (second: Second) => number | undefined): Line[] {
  return [...answers].map(([name, seconds]) => ({
    name,
    points: [...seconds]
      .sort(([a], [b]) => a - b)
      .flatMap(([at, second]) => {
        const value = of(second);
        return value === undefined ? [] : [[at - startMs / 1000, value] as const];
      }),
  }));
}

const p99 = ({ firstByteMs }: Second) => (firstByteMs.length === 0 ? undefined : percentile(firstByteMs, 0.99));
const failures = ({ outcomes }: Second) => outcomes.wrong + outcomes.none;

export function answerPlots({ probe, storm }: Stage, startMs: number): Plot[] {
  const shed = ({ outcomes }: Second) => outcomes.shed || undefined;
  return [
    { title: "Storm: requests by class", unit: "a second", lines: byClass(storm, startMs, requestsOf) },
    {
      title: "Storm: failures by class",
      unit: "a second",
      lines: byClass(storm, startMs, failures),
      note: "A wrong answer, or none",
    },
    {
      title: "Storm: shed by class",
      unit: "a second",
      lines: byClass(storm, startMs, shed).filter(({ points }) => points.length > 0),
    },
    {
      title: "Storm: first byte, p99 by class",
      unit: "ms",
      lines: byClass(storm, startMs, p99),
      note: "As the storm's k6 sees it, which waits for the core too",
    },
    {
      title: "Live edge as the probe sees it: first byte, p99",
      unit: "ms",
      lines: byClass(probe, startMs, p99),
      note: "Of held requests: from the end of the segment on",
    },
    { title: "Live edge as the probe sees it: failures", unit: "a second", lines: byClass(probe, startMs, failures) },
  ];
}

/** Latency of PUTs, last byte to answer, by five seconds. */
export function putPlot(stage: Stage, startMs: number): Plot {
  const everyMs = 5_000;
  const slots = new Map<number, number[]>();
  for (const sent of stage.puts(startMs, Number.POSITIVE_INFINITY).acknowledged) {
    const slot = Math.floor((putAtMs(sent) - startMs) / everyMs);
    slots.set(slot, [...(slots.get(slot) ?? []), sent.tookMs]);
  }
  // Slots are further apart than a line's gap: each is drawn as a step.
  const line = (name: string, share: number): Line => ({
    name,
    points: [...slots].flatMap(([slot, ms]) =>
      [0, 2.5, 4.9].map((sec) => [(slot * everyMs) / 1000 + sec, percentile(ms, share)] as const),
    ),
  });
  const note = `Of five seconds each, some ${(PUTS_PER_SECOND * everyMs) / 1000} PUTs`;
  return {
    title: "PUT: last byte to answer",
    unit: "ms",
    lines: [line("p50", 0.5), line("p95", 0.95), line("longest", 1)],
    note,
  };
}

/** How fast a counter grew. */
function rate(looks: readonly Look[], startMs: number, of: (look: Look) => number): Line["points"] {
  return looks.slice(1).map((look, i) => {
    const before = looks[i]!;
    return [(look.atMs - startMs) / 1000, (1000 * (of(look) - of(before))) / (look.atMs - before.atMs)] as const;
  });
}

export function processPlots({ watch }: Stage, startMs: number): Plot[] {
  const origins = [...watch.looks].filter(([name]) => name.startsWith("origin"));
  const tiers = [...new Set(origins.flatMap(([, looks]) => looks.flatMap(({ reads }) => Object.keys(reads))))];
  const perTier = (of: (look: Look, tier: string) => number) =>
    origins.flatMap(([name, looks]) =>
      tiers.map((tier) => ({
        name: origins.length > 1 ? `${name}, ${tier}` : tier,
        points: rate(looks, startMs, (look) => of(look, tier)),
      })),
    );
  const gauge = (of: (look: Look) => number): Line[] =>
    [...watch.looks].map(([name, looks]) => ({
      name,
      points: looks.map((look) => [(look.atMs - startMs) / 1000, of(look)] as const),
    }));
  const cpu = [...watch.looks].map(([name, looks]) => ({
    name,
    points: rate(looks, startMs, ({ cpuSec }) => 100 * cpuSec),
  }));
  const hits = origins.flatMap(([name, looks]) =>
    tiers.map((tier) => ({
      name: origins.length > 1 ? `${name}, ${tier}` : tier,
      points: looks.slice(1).flatMap((look, i) => {
        const grown = (one: string) => (look.reads[one] ?? 0) - (looks[i]!.reads[one] ?? 0);
        const all = tiers.reduce((sum, one) => sum + grown(one), 0);
        return all === 0 ? [] : [[(look.atMs - startMs) / 1000, (100 * grown(tier)) / all] as const];
      }),
    })),
  );
  return [
    { title: "Origin: reads by tier", unit: "a second", lines: perTier(({ reads }, tier) => reads[tier] ?? 0) },
    {
      title: "Origin: share of reads by tier",
      unit: "%",
      lines: hits,
      note: "From memory: whole segments; from other tiers: chunks",
    },
    { title: "CPU", unit: "% of a core", lines: cpu },
    { title: "Event loop delay, p99", unit: "ms", lines: gauge(({ loopLagMs }) => loopLagMs) },
    { title: "Memory (RSS)", unit: "MiB", lines: gauge(({ rssBytes }) => rssBytes / 1024 ** 2) },
  ];
}

/** What each class got in each phase. */
export function classTable(title: string, answers: Answers, phases: readonly Phase[]): Table {
  const rows = phases.flatMap(({ name, fromMs, toMs }) =>
    [...answers.keys()].flatMap((one: Class) => {
      const second = between(answers, [one], fromMs, toMs);
      const requests = requestsOf(second);
      if (requests === 0) return [];
      const count = (outcome: Outcome) => `${second.outcomes[outcome]}`;
      const ms = (share: number) => percentile(second.firstByteMs, share).toFixed(1);
      const perSecond = ((1000 * requests) / (toMs - fromMs)).toFixed(1);
      const counts = (["right", "shed", "wrong", "none"] as const).map(count);
      return [[name, one, `${requests}`, perSecond, ...counts, ms(0.5), ms(0.99), ms(1)]];
    }),
  );
  const columns = [
    "phase",
    "class",
    "requests",
    "per s",
    "right",
    "shed",
    "wrong",
    "no answer",
    "p50",
    "p99",
    "max ms",
  ];
  return { title, columns, rows };
}
