import { paced, sequential } from "./latency.ts";
import { quantile } from "./result.ts";

export const ROUNDS = 3;
/** Pieces of work of a round, one by one. */
export const SEQUENTIAL = 150;
const PER_SECOND = 16;
const PACED_SECONDS = 8;
const WARM_UP = 40;
const ONE_BY_ONE = "one by one";
const STEADY = `${PER_SECOND}/s`;

export const LOADS: readonly string[] = [ONE_BY_ONE, STEADY];

/** Who is compared, and one piece of its work. */
export interface Competitor {
  readonly name: string;
  readonly work: (body: Buffer) => Promise<void>;
}

export interface LoadRow {
  readonly client: string;
  readonly load: string;
  readonly n: number;
  /** Counted in the quantiles as if they had taken for ever. */
  readonly failed: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** How long the work takes each, one by one and at a steady rate, in interleaved rounds. */
export async function compareLoads(
  competitors: readonly Competitor[],
  nextBody: () => Buffer = () => Buffer.alloc(0),
): Promise<LoadRow[]> {
  const samples = competitors.map((one) => ({ ...one, oneByOne: [] as number[], steady: [] as number[] }));
  for (const { work } of samples) await sequential(WARM_UP, nextBody, work);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const { work, oneByOne } of samples) oneByOne.push(...(await sequential(SEQUENTIAL, nextBody, work)));
    for (const { work, steady } of samples) steady.push(...(await paced(PER_SECOND, PACED_SECONDS, nextBody, work)));
  }
  return samples.flatMap(({ name, oneByOne, steady }) => [row(name, ONE_BY_ONE, oneByOne), row(name, STEADY, steady)]);
}

/** One's latency under a load, divided by another's. */
export function ratioOf(
  rows: readonly LoadRow[],
  load: string,
  share: "p50Ms" | "p99Ms",
  one: string,
  other: string,
): number {
  const of = (name: string) => rows.find((candidate) => candidate.client === name && candidate.load === load)![share];
  return of(one) / of(other);
}

function row(client: string, load: string, samplesMs: readonly number[]): LoadRow {
  const ms = (share: number) => Number(quantile(samplesMs, share).toFixed(1));
  const failed = samplesMs.filter((sampleMs) => sampleMs === Number.POSITIVE_INFINITY).length;
  return { client, load, n: samplesMs.length, failed, p50Ms: ms(0.5), p99Ms: ms(0.99), maxMs: ms(1) };
}
