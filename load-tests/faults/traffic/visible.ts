import { Agent } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Sent, SentSegments } from "./encoder.ts";
import { get } from "./get.ts";
import { isAcknowledged } from "./put.ts";

const POLL_MS = 10;
const GIVE_UP_MS = 5_000;

/** How the newest segment is met by who asks for it from its 2xx on. Times in ms after the 2xx. */
export interface Visible {
  /** When somebody asked who was still refused; 0 if nobody was. */
  readonly refusedMs: number;
  /** When the first answer began that had it: to a request that was held, or to one of those that were not. */
  readonly servedMs: number;
}

/** The next `count` segments of a rendition, each asked for until it is served. Rejects when one is not in 5 s. */
export async function watchVisible(encoder: SentSegments, rendition: string, count: number): Promise<Visible[]> {
  const agent = new Agent({ keepAlive: true });
  const visible: Visible[] = [];
  const seen = new Set(encoder.sent);
  while (visible.length < count) {
    const next = encoder.sent.find((one) => one.rendition === rendition && isAcknowledged(one) && !seen.has(one));
    if (next === undefined) {
      await sleep(1);
      continue;
    }
    seen.add(next);
    visible.push(await untilServed(encoder.urlOf(next), next, agent));
  }
  agent.destroy();
  return visible;
}

async function untilServed(url: string, { endedMs = 0 }: Sent, agent: Agent): Promise<Visible> {
  for (let refusedMs = 0; ; ) {
    const askedMs = performance.now() - endedMs;
    const { status, headMs } = await get(url, agent);
    if (status === 200) return { refusedMs, servedMs: headMs - endedMs };
    if (askedMs > GIVE_UP_MS) throw new Error(`${url} is still ${status} ${askedMs.toFixed(0)} ms after its 2xx`);
    refusedMs = askedMs;
    await sleep(POLL_MS);
  }
}
