import type { Verdict } from "../verdicts.ts";
import { escaped, type Plot, plotSvg, type TimeAxis } from "./plot.ts";

export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export interface StormReport {
  readonly title: string;
  /** What was run, where and how: name and value. */
  readonly facts: readonly (readonly [string, string])[];
  readonly verdicts: readonly Verdict[];
  readonly tables: readonly Table[];
  readonly axis: TimeAxis;
  readonly plots: readonly Plot[];
}

const STYLE = `
:root { color-scheme: light dark; --ink: #222; --paper: #fff; --soft: #8882; --rule: #8884; }
@media (prefers-color-scheme: dark) { :root { --ink: #ddd; --paper: #181818; } }
body { font: 15px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 960px; margin: 2em auto; padding: 0 1em; }
table { border-collapse: collapse; margin: 0.5em 0 1.5em; } td, th { padding: 3px 10px; border-bottom: 1px solid var(--rule); text-align: left; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
.met { color: #109618; } .missed { color: #dc3912; font-weight: bold; }
figure { margin: 1.5em 0; } svg { width: 100%; height: auto; } svg text { font-size: 11px; fill: currentColor; }
svg path { fill: none; stroke-width: 1.5; } .rule { stroke: var(--rule); } .band0 { fill: var(--soft); } .band1 { fill: none; }
line.mark { stroke: #dc3912; stroke-dasharray: 4 3; } .legend { margin: 0; } .legend span { margin-right: 1.2em; }
.legend i { display: inline-block; width: 12px; height: 3px; margin-right: 5px; vertical-align: middle; }`;

/** The whole report as one file that needs nothing else. */
export function stormHtml({ title, facts, verdicts, tables, axis, plots }: StormReport): string {
  const judged = verdicts.map(
    ({ what, figure, met }) =>
      `<tr><td class="${met ? "met" : "missed"}">${met ? "met" : "MISSED"}</td><td>${escaped(what)}</td><td>${escaped(figure)}</td></tr>`,
  );
  const listed = tables.map(
    ({ title, columns, rows }) =>
      `<h2>${escaped(title)}</h2><table><tr>${columns.map((name) => `<th>${escaped(name)}</th>`).join("")}</tr>${rows
        .map((row) => `<tr>${row.map(cell).join("")}</tr>`)
        .join("")}</table>`,
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escaped(title)}</title><style>${STYLE}</style></head><body>
<h1>${escaped(title)}</h1>
<table>${judged.join("\n")}</table>
<h2>How it was measured</h2>
<table>${facts.map(([name, value]) => `<tr><th>${escaped(name)}</th><td>${escaped(value)}</td></tr>`).join("\n")}</table>
${listed.join("\n")}
<h2>Over time</h2>
${plots.map((plot) => plotSvg(plot, axis)).join("\n")}
</body></html>
`;
}

const cell = (text: string, i: number): string => `<td${i === 0 ? "" : ' class="number"'}>${escaped(text)}</td>`;
