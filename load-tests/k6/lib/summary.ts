import type { Class } from "./classes.ts";
import { EVENT, ORIGIN, SUMMARY_FILE } from "./settings.ts";

interface Metrics {
  readonly metrics: Readonly<
    Record<string, { values: Record<string, number>; thresholds?: Record<string, { ok: boolean }> }>
  >;
  readonly state: { readonly testRunDurationMs: number };
}

/** `handleSummary` of a scenario: a line for each class, then what was missed; the same as JSON in SUMMARY_FILE. */
export function summary(title: string, names: readonly Class[]) {
  return ({ metrics, state }: Metrics) => {
    const seconds = state.testRunDurationMs / 1000;
    const of = (metric: string, value: string) => metrics[metric]?.values[value] ?? 0;
    const times = (metric: string) => ({ p50: of(metric, "med"), p99: of(metric, "p(99)") });
    const classes = names.map((name) => ({
      class: name,
      requests: of(`answers{class:${name}}`, "count"),
      perSecond: of(`answers{class:${name}}`, "count") / seconds,
      right: of(`checks{class:${name}}`, "rate"),
      shed: of(`answers{class:${name},outcome:shed}`, "count"),
      firstByteMs: times(`first_byte{class:${name}}`),
      wholeMs: times(`whole{class:${name}}`),
    }));
    const dropped = of("dropped_iterations", "count");
    const missed = Object.entries(metrics).flatMap(([metric, { thresholds = {} }]) =>
      Object.entries(thresholds).flatMap(([threshold, { ok }]) => (ok ? [] : [`${metric} ${threshold}`])),
    );
    const rows = classes.map((row) => [
      row.class,
      `${row.requests}`,
      row.perSecond.toFixed(1),
      `${(row.right * 100).toFixed(2)}%`,
      `${row.shed}`,
      ...[row.firstByteMs.p50, row.firstByteMs.p99, row.wholeMs.p50, row.wholeMs.p99].map((ms) => ms.toFixed(1)),
    ]);
    const columns = ["class", "requests", "per s", "right", "shed", "first byte p50", "p99", "whole p50", "p99 ms"];
    const report = [
      `${title}: ${ORIGIN}, event ${EVENT}, ${seconds.toFixed(1)} s`,
      ...[columns, ...rows].map(line),
      `not begun in time: ${dropped}`,
      missed.length === 0 ? "every threshold was met" : `MISSED: ${missed.join("; ")}`,
    ];
    return {
      stdout: `${report.join("\n")}\n`,
      ...(SUMMARY_FILE && { [SUMMARY_FILE]: JSON.stringify({ seconds, classes, dropped, missed }, null, 2) }),
    };
  };
}

const line = (cells: readonly string[]) =>
  cells.map((cell, i) => (i === 0 ? cell.padEnd(10) : cell.padStart(15))).join("");
