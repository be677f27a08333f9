import type { Loss, Share } from "./loss.ts";
import type { FaultRecord } from "./record.ts";

const HEAD = `# What we lose

What each fault costs, and for how long, as the fault harness has seen it happen to real processes: the last run of each fault on
each store. Written by \`npm run faults -- report\`; a fault that is not here has not been run. What each store is, and how a run goes,
is in [load-tests/README.md](../load-tests/README.md#faults).

Nothing is sent twice here: a PUT that fails is a segment that this encoder loses. Real encoders send again, and a second pipeline
covers what the first one lost. Readers ask for the newest segments, those whose PUT failed among them.
"None for" is the longest time without a success while there were failures.
A promise is kept when its check held; what did not hold is said in its section, and how busy the machine was: everything, the
servers, Headwater and its traffic, shares its processors, so times of a busy machine are upper bounds.
`;

/** A run's row of the table, and its section. */
interface Entry {
  readonly row: string;
  readonly section: string;
}

/**
 * The report as Markdown. The same records make the same text. What `before`, an older report, has of runs without a
 * record stays: they were run elsewhere.
 */
export function whatWeLose(records: readonly FaultRecord[], before = ""): string {
  const entries = new Map(entriesOf(before));
  for (const record of records)
    entries.set(link(record.name, record.store), { row: row(record), section: section(record) });
  const sorted = [...entries].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry);
  const table = [
    "| fault | store | promises kept | acknowledged and lost | PUTs failed | none for | PUT p50, p99 | reads failed | none for | read p50, p99 |",
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ...sorted.map((entry) => entry.row),
  ];
  return `${[HEAD, table.join("\n"), ...sorted.map((entry) => entry.section)].join("\n")}\n`;
}

/** Those of a report, by their links. */
function* entriesOf(report: string): Iterable<[string, Entry]> {
  const sections = report.split(/\n(?=\n## )/).slice(1);
  for (const text of sections) {
    const [, name = "", store = ""] = /^\n## (.+), (.+)$/m.exec(text) ?? [];
    const key = link(name, store);
    const found = report.split("\n").find((line) => line.startsWith(`| ${key} |`));
    if (found !== undefined) yield [key, { row: found, section: text.trimEnd() }];
  }
}

function row({ name, store, loss, findings }: FaultRecord): string {
  const of = [link(name, store), store, promises(findings), lost(loss), ...cells(loss?.puts), ...cells(loss?.reads)];
  return `| ${of.join(" | ")} |`;
}

function section({ name, store, does, seed, at, machine, findings }: FaultRecord): string {
  const when = `${at.slice(0, 16).replace("T", " ")} UTC; ${machine}; seed \`${seed}\`.`;
  const lines = findings.map(({ name: check, isKept, detail }) => {
    if (isKept === undefined) return `- ${plain(detail)}`;
    return `- ${isKept ? "" : "**Not kept:** "}${plain(check)}${detail === "" ? "" : `: ${plain(detail)}`}`;
  });
  return `\n## ${name}, ${store}\n\n${does}. ${when}\n\n${lines.join("\n")}`;
}

function cells(share: Share | undefined): string[] {
  if (share === undefined) return ["-", "-", "-"];
  const { requests, failed, outageMs, p50Ms, p99Ms } = share;
  return [
    `${failed} of ${requests}`,
    failed === 0 ? "-" : `${(outageMs / 1000).toFixed(1)} s`,
    `${p50Ms.toFixed(0)}, ${p99Ms.toFixed(0)} ms`,
  ];
}

function lost(loss: Loss | undefined): string {
  if (loss === undefined) return "-";
  return `${loss.isBack ? "0" : "some"} of ${loss.puts.requests - loss.puts.failed}`;
}

function promises(findings: FaultRecord["findings"]): string {
  const checks = findings.filter(({ isKept }) => isKept !== undefined);
  return `${checks.filter(({ isKept }) => isKept).length} of ${checks.length}`;
}

const link = (name: string, store: string) => `[${name}](#${name}-${store})`;
/** Its first line, in which nothing means anything to Markdown: what follows are logs. */
const plain = (text: string) => text.split("\n", 1)[0]!.replace(/[<>|*_`[\]]/g, "\\$&");
