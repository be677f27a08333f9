import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createMetrics } from "@headwater/service-kit";
import { describe, expect, test } from "@jest/globals";

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string; readonly runbook_url: string };
}
interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

const INFRA = join(import.meta.dirname, "..");
const read = (path: string) => readFileSync(join(INFRA, path), "utf8");
const rules = (JSON.parse(read("alerts/headwater.rules.json")) as { groups: { rules: Rule[] }[] }).groups.flatMap(
  (group) => group.rules,
);
const { panels } = JSON.parse(read("dashboards/headwater.json")) as { panels: Panel[] };
const runbooks = [...read("../docs/operations.md").matchAll(/^### (Headwater\w+)$/gm)].map(([, name]) => name!);

/** What Prometheus itself adds to what it scrapes. */
const SCRAPED = ["job", "instance"];
const FUNCTIONS = ["and", "or", "unless", "bool"];
const known = new Map([["up", [] as string[]], ...exported()]);

/** Each series that a service exports, with its labels as Prometheus has them. */
function exported(): [string, string[]][] {
  return (["publisher", "origin", "control", "worker"] as const).flatMap((service) =>
    createMetrics(service)
      .registry.getMetricsAsArray()
      .flatMap((metric): [string, string[]][] => {
        const { name, labelNames } = metric as typeof metric & { readonly labelNames: string[] };
        // A label that the scrape sets as well is kept under another name.
        const labels = labelNames.map((label) => (SCRAPED.includes(label) ? `exported_${label}` : label));
        if (!("buckets" in metric)) return [[name, labels]];
        return [
          [`${name}_bucket`, [...labels, "le"]],
          [`${name}_sum`, labels],
          [`${name}_count`, labels],
        ];
      }),
  );
}

/** The series and labels that an expression names. */
function namesIn(expr: string) {
  const plain = expr.replace(/"(?:[^"\\]|\\.)*"/g, '""').replace(/\[[^\]]*\]/g, "");
  const groups = [...plain.matchAll(/\b(?:by|without|on|ignoring)\s*\(([^)]*)\)/g)];
  const grouping = groups.flatMap(([, list]) => list!.split(",").map((label) => label.trim()));
  const rest = plain.replace(/\b(?:by|without|on|ignoring)\s*\([^)]*\)/g, "");
  const selectors = [...rest.matchAll(/([a-zA-Z_:][\w:]*)\s*(?:\{([^}]*)\}|(?![\w:]|\s*\())/g)]
    .map(([, name, matchers = ""]) => ({
      name: name!,
      labels: [...matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label]) => label!),
    }))
    .filter(({ name }) => !FUNCTIONS.includes(name));
  return { selectors, grouping };
}

/** What an expression names that no service exports; `shown`: labels that its legend or text shows. */
function unknownIn(expr: string, shown: readonly string[] = []): string[] {
  const { selectors, grouping } = namesIn(expr);
  const labelsOf = (name: string) => [...SCRAPED, ...(known.get(name) ?? [])];
  const all = selectors.flatMap(({ name }) => labelsOf(name));
  return [
    ...(selectors.length === 0 ? [`no series in ${expr}`] : []),
    ...selectors.filter(({ name }) => !known.has(name)).map(({ name }) => name),
    ...selectors.flatMap(({ name, labels }) =>
      labels.filter((label) => !labelsOf(name).includes(label)).map((label) => `${name}{${label}}`),
    ),
    ...grouping.filter((label) => !all.includes(label)),
    ...shown.filter((label) => !grouping.includes(label) && !(grouping.length === 0 && all.includes(label))),
  ];
}

test("what nobody exports is found", () => {
  expect(unknownIn('sum by (job, cause) (rate(headwater_storage_reads_total{tier="store"}[5m])) > 0')).toEqual([]);
  expect(
    unknownIn('sum by (edge) (rate(headwater_shed_total{kind=~"by (x)"}[5m])) / headwater_hold', ["class"]),
  ).toEqual(["headwater_hold", "headwater_shed_total{kind}", "edge", "class"]);
  expect(unknownIn("headwater_publish_seconds")).toEqual(["headwater_publish_seconds"]);
  expect(unknownIn("vector(1)")).toHaveLength(1);
});

describe("alerts", () => {
  test.each(rules)("$alert names what is exported, and has a runbook", ({ alert, expr, labels, annotations }) => {
    const { summary, description, runbook_url } = annotations;
    const shown = [...`${summary} ${description}`.matchAll(/\$labels\.(\w+)/g)].map(([, label]) => label!);
    expect(unknownIn(expr, shown)).toEqual([]);
    expect(["critical", "warning", "info"]).toContain(labels.severity);
    expect(runbook_url).toBe(`docs/operations.md#${alert.toLowerCase()}`);
    expect(runbooks).toContain(alert);
  });

  test("each has its own name, and each runbook its alert", () => {
    const names = rules.map(({ alert }) => alert);
    expect([...runbooks].sort()).toEqual([...names].sort());
    expect(new Set(names).size).toBe(names.length);
  });
});

describe("dashboard", () => {
  const graphs = panels.filter(({ type }) => type !== "row");

  test.each(graphs)("$title shows what is exported", ({ targets = [] }) => {
    expect(targets).not.toEqual([]);
    for (const { expr, legendFormat } of targets) {
      const shown = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label!);
      expect(unknownIn(expr, shown)).toEqual([]);
    }
  });

  test("each metric of Headwater's has a panel", () => {
    const shown = new Set(
      graphs.flatMap(({ targets = [] }) =>
        targets.flatMap(({ expr }) => namesIn(expr).selectors.map(({ name }) => name.replace(/_bucket$/, ""))),
      ),
    );
    const all = [...known.keys()].filter((name) => name.startsWith("headwater_") && !/_(sum|count)$/.test(name));
    expect(all.map((name) => name.replace(/_bucket$/, "")).filter((name) => !shown.has(name))).toEqual([]);
  });

  test("panels have ids and places of their own", () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(panels.every(({ gridPos: { x, w } }) => x + w <= 24)).toBe(true);
  });
});

test("the scrape configuration names the rules' file, and every service that the rules tell apart", () => {
  const config = read("prometheus.yml");
  const [, file] = /^ {2}- (alerts\/\S+)$/m.exec(config)!;
  expect(existsSync(join(INFRA, file!))).toBe(true);
  const jobs = [...config.matchAll(/job_name: (\S+)/g)].map(([, name]) => name);
  expect(jobs).toEqual(["publisher", "origin", "control", "worker"].map((service) => `headwater-${service}`));
});
