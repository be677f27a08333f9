import type { Agent } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { get } from "./get.ts";

const ASK_AGAIN_MS = 200;
const GIVE_UP_MS = 40_000;

/** An answer without the segment. Times of `performance.now()`. */
export interface Refusal {
  readonly status: number;
  readonly askedMs: number;
  readonly answeredMs: number;
  /** How long a cache may give it to others. */
  readonly maxAgeMs: number;
}

/** What somebody met who asked for a segment until it was served. */
export interface Watched {
  readonly refusals: readonly Refusal[];
  /** The request that was served. */
  readonly askedMs: number;
  /** When the head of that answer came. */
  readonly servedMs: number;
}

/** Asks until a segment is served. Rejects when that are other bytes, or it is not served within 40 s. */
export async function watch(url: string, bytes: Buffer, agent: Agent): Promise<Watched> {
  const refusals: Refusal[] = [];
  for (const giveUpMs = performance.now() + GIVE_UP_MS; performance.now() < giveUpMs; await sleep(ASK_AGAIN_MS)) {
    const askedMs = performance.now();
    const { status, body, headMs, maxAgeMs = 0 } = await get(url, agent);
    if (status === 200 && !body.equals(bytes)) throw new Error(`${url}: ${body.length} bytes that were not sent`);
    if (status === 200) return { refusals, askedMs, servedMs: headMs };
    refusals.push({ status, askedMs, answeredMs: headMs, maxAgeMs });
  }
  throw new Error(`${url} was not served in ${GIVE_UP_MS / 1000} s: ${refusals.at(-1)?.status}`);
}
