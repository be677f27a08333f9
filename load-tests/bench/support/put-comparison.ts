import { randomBytes } from "node:crypto";
import { mediaSegment } from "@headwater/infra";
import { paced, sequential } from "./latency.ts";
import { quantile } from "./result.ts";

const SIZE_BYTES = 2 * 1024 * 1024;
export const SEGMENT_MS = 2000;
export const ROUNDS = 3;
const SEQUENTIAL = 150;
const PER_SECOND = 16;
const PACED_SECONDS = 8;
const WARM_UP = 40;
const ONE_BY_ONE = "one by one";
const STEADY = `${PER_SECOND}/s`;

export const LOADS: readonly string[] = [ONE_BY_ONE, STEADY];

export interface PutTarget {
  readonly name: string;
  /** What an acknowledgement means. */
  readonly durability: string;
  /** Writes one 2 MiB segment, the next of its kind; resolves when it was acknowledged. */
  readonly write: (body: Buffer) => Promise<void>;
}

export interface PutRow {
  readonly client: string;
  readonly load: string;
  readonly n: number;
  /** Counted in the quantiles as if they had taken for ever. */
  readonly failed: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly durability: string;
}

/** From the first byte of a 2 MiB segment to its acknowledgement, one by one and at a steady rate, in interleaved rounds. */
export async function comparePuts(targets: readonly PutTarget[]): Promise<PutRow[]> {
  const samples = targets.map((target) => ({ ...target, oneByOne: [] as number[], steady: [] as number[] }));
  for (const { write } of samples) await sequential(WARM_UP, bodies(), write);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const { write, oneByOne } of samples) oneByOne.push(...(await sequential(SEQUENTIAL, bodies(), write)));
    for (const { write, steady } of samples) steady.push(...(await paced(PER_SECOND, PACED_SECONDS, bodies(), write)));
  }
  return samples.flatMap((target) => [row(target, ONE_BY_ONE, target.oneByOne), row(target, STEADY, target.steady)]);
}

/** One target's latency under a load, divided by another's. */
export function ratioOf(
  rows: readonly PutRow[],
  load: string,
  share: "p50Ms" | "p99Ms",
  one: string,
  other: string,
): number {
  const of = (name: string) => rows.find((candidate) => candidate.client === name && candidate.load === load)![share];
  return of(one) / of(other);
}

/** Segments of which no two are the same. */
function bodies(): () => Buffer {
  const segment = mediaSegment({ number: 0, durationMs: SEGMENT_MS, sizeBytes: SIZE_BYTES });
  return () => {
    const body = Buffer.from(segment);
    randomBytes(64).copy(body, SIZE_BYTES - 64);
    return body;
  };
}

function row({ name, durability }: PutTarget, load: string, samplesMs: readonly number[]): PutRow {
  const ms = (share: number) => Number(quantile(samplesMs, share).toFixed(1));
  const failed = samplesMs.filter((sampleMs) => sampleMs === Number.POSITIVE_INFINITY).length;
  return { client: name, load, n: samplesMs.length, failed, p50Ms: ms(0.5), p99Ms: ms(0.99), maxMs: ms(1), durability };
}
