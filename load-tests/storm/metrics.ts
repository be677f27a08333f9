/** One value of a process's `/metrics`. */
export interface Metric {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

/** Reads Prometheus's text. */
export function parseMetrics(text: string): Metric[] {
  return text.split("\n").flatMap((line) => {
    const [, name, labels = "", value] = LINE.exec(line) ?? [];
    if (name === undefined || value === undefined) return [];
    const pairs = [...labels.matchAll(LABEL)].map(([, key, text]) => [key!, text!] as const);
    return [{ name, labels: Object.fromEntries(pairs), value: Number(value) }];
  });
}

/** The sum of a metric's values, by one of its labels. */
export function sumBy(metrics: readonly Metric[], name: string, label: string): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const metric of metrics) {
    if (metric.name !== name) continue;
    const key = metric.labels[label] ?? "";
    sums[key] = (sums[key] ?? 0) + metric.value;
  }
  return sums;
}
