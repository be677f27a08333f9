import { Agent } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { SeededEncoder, Sent } from "./encoder.ts";
import { get } from "./get.ts";
import { isAcknowledged } from "./put.ts";

const POLL_MS = 10;
const GIVE_UP_MS = 5_000;

/**
 * How long after its 2xx a segment was still refused to whoever asked then, ms; 0 if it never was: of the next `count`
 * segments of a rendition, each asked for from its 2xx on until it is served. Rejects when one is not in 5 s.
 */
export async function refusedForMs(encoder: SeededEncoder, rendition: string, count: number): Promise<number[]> {
  const agent = new Agent({ keepAlive: true });
  const refusedMs: number[] = [];
  const seen = new Set(encoder.sent);
  while (refusedMs.length < count) {
    const next = encoder.sent.find((one) => one.rendition === rendition && isAcknowledged(one) && !seen.has(one));
    if (next === undefined) {
      await sleep(1);
      continue;
    }
    seen.add(next);
    refusedMs.push(await lastRefusalMs(encoder.urlOf(next), next, agent));
  }
  agent.destroy();
  return refusedMs;
}

async function lastRefusalMs(url: string, { endedMs = 0 }: Sent, agent: Agent): Promise<number> {
  for (let lastMs = 0; ; ) {
    const askedMs = performance.now() - endedMs;
    const { status } = await get(url, agent);
    if (status === 200) return lastMs;
    if (askedMs > GIVE_UP_MS) throw new Error(`${url} is still ${status} ${askedMs.toFixed(0)} ms after its 2xx`);
    lastMs = askedMs;
    await sleep(POLL_MS);
  }
}
