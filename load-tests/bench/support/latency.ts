import { setTimeout as sleep } from "node:timers/promises";

type Work = (body: Buffer) => Promise<void>;

/**
 * How long each of `count` pieces of work took, in ms, one after another: Infinity for one that failed. Making the
 * bodies does not count.
 */
export async function sequential(count: number, nextBody: () => Buffer, work: Work): Promise<number[]> {
  const samplesMs: number[] = [];
  for (let i = 0; i < count; i += 1) samplesMs.push(await timed(nextBody(), work));
  return samplesMs;
}

/** The same at a steady rate, whether or not those before are done. */
export async function paced(perSecond: number, seconds: number, nextBody: () => Buffer, work: Work): Promise<number[]> {
  const startMs = performance.now();
  const samplesMs: Promise<number>[] = [];
  for (let i = 0; i < perSecond * seconds; i += 1) {
    const body = nextBody();
    await sleep(Math.max(0, startMs + (i * 1000) / perSecond - performance.now()));
    samplesMs.push(timed(body, work));
  }
  return Promise.all(samplesMs);
}

async function timed(body: Buffer, work: Work): Promise<number> {
  const startMs = performance.now();
  try {
    await work(body);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    return Number.POSITIVE_INFINITY;
  }
  return performance.now() - startMs;
}
