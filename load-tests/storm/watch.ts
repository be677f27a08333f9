import { setTimeout as sleep } from "node:timers/promises";
import { parseMetrics, sumBy } from "./metrics.ts";

const EVERY_MS = 1_000;
const TIMEOUT_MS = 3_000;

/** A process at one moment. Counters are those since the first look, a restart of the process taken into account. */
export interface Look {
  readonly atMs: number;
  readonly cpuSec: number;
  readonly rssBytes: number;
  /** The event loop's delay, p99 since the look before. */
  readonly loopLagMs: number;
  /** Objects or chunks read, by tier. */
  readonly reads: Readonly<Record<string, number>>;
  /** Answers of the origin, by decision. */
  readonly decisions: Readonly<Record<string, number>>;
}

/** Looks at the metrics of some processes each second, by `name`; what does not answer leaves a gap. */
export class Watch {
  readonly looks = new Map<string, Look[]>();
  readonly #stopping = new AbortController();
  readonly #running: Promise<unknown>;

  constructor(adminUrls: Readonly<Record<string, string>>) {
    this.#running = Promise.all(Object.entries(adminUrls).map(([name, url]) => this.#follow(name, url)));
  }

  /** The looks at all processes whose name begins so. */
  of(kind: string): readonly (readonly Look[])[] {
    return [...this.looks].flatMap(([name, looks]) => (name.startsWith(kind) ? [looks] : []));
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #follow(name: string, url: string): Promise<void> {
    const looks: Look[] = [];
    this.looks.set(name, looks);
    const grown = new Growing();
    while (!this.#stopping.signal.aborted) {
      const nextMs = performance.now() + EVERY_MS;
      const look = await lookAt(url, grown).catch(() => undefined);
      if (look !== undefined) looks.push(look);
      const restMs = Math.max(0, nextMs - performance.now());
      await sleep(restMs, undefined, { signal: this.#stopping.signal }).catch(() => {});
    }
  }
}

async function lookAt(url: string, grown: Growing): Promise<Look> {
  const answer = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  const metrics = parseMetrics(await answer.text());
  const gauge = (name: string) => metrics.find((metric) => metric.name === name)?.value ?? 0;
  return {
    atMs: Date.now(),
    cpuSec: grown.sum("cpu", { all: gauge("process_cpu_seconds_total") }).all ?? 0,
    rssBytes: gauge("process_resident_memory_bytes"),
    loopLagMs: 1000 * gauge("nodejs_eventloop_lag_p99_seconds"),
    reads: grown.sum("reads", sumBy(metrics, "headwater_storage_reads_total", "tier")),
    decisions: grown.sum("decisions", sumBy(metrics, "headwater_origin_requests_total", "decision")),
  };
}

/** Adds up how much counters have grown: one that fell belongs to a new process, and began at 0. */
class Growing {
  readonly #last = new Map<string, number>();
  readonly #sums = new Map<string, number>();

  sum(metric: string, values: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
    const entries = Object.entries(values).map(([label, value]) => {
      const key = `${metric}/${label}`;
      const last = this.#last.get(key) ?? 0;
      this.#last.set(key, value);
      this.#sums.set(key, (this.#sums.get(key) ?? 0) + (value < last ? value : value - last));
      return [label, this.#sums.get(key)!] as const;
    });
    return Object.fromEntries(entries);
  }
}

/** How much a counter grew between two moments, ms since the Unix epoch, by the last look before each. */
export function growth(looks: readonly Look[], of: (look: Look) => number, fromMs: number, toMs: number): number {
  const before = looks.findLast(({ atMs }) => atMs <= fromMs) ?? looks[0];
  const after = looks.findLast(({ atMs }) => atMs <= toMs);
  return before === undefined || after === undefined ? 0 : of(after) - of(before);
}
