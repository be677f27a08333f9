import { Agent } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { SeededEncoder, Sent } from "./encoder.ts";
import { get } from "./get.ts";
import { isAcknowledged } from "./put.ts";

const POLL_MS = 10;
const GIVE_UP_MS = 5_000;

/**
 * How long after its 2xx somebody has to ask for a segment to be served it, ms: of the next `count` segments of a
 * rendition, each asked for again and again from its 2xx on. Rejects when one does not come in 5 s.
 */
export async function visibleAfterMs(encoder: SeededEncoder, rendition: string, count: number): Promise<number[]> {
  const agent = new Agent({ keepAlive: true });
  const tookMs: number[] = [];
  const seen = new Set(encoder.sent);
  while (tookMs.length < count) {
    const next = encoder.sent.find((one) => one.rendition === rendition && isAcknowledged(one) && !seen.has(one));
    if (next === undefined) {
      await sleep(1);
      continue;
    }
    seen.add(next);
    tookMs.push(await until200(encoder.urlOf(next), next, agent));
  }
  agent.destroy();
  return tookMs;
}

async function until200(url: string, { endedMs = 0 }: Sent, agent: Agent): Promise<number> {
  for (;;) {
    const askedMs = performance.now() - endedMs;
    const { status } = await get(url, agent);
    if (status === 200) return askedMs;
    if (askedMs > GIVE_UP_MS) throw new Error(`${url} is still ${status} ${askedMs.toFixed(0)} ms after its 2xx`);
    await sleep(POLL_MS);
  }
}
