import { Agent } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { get } from "../../faults/traffic/get.ts";

export interface Answered {
  /** 0: no answer. */
  readonly status: number;
  readonly tier: string | undefined;
  /** Of a 503; 1 where it says nothing. */
  readonly retryAfterSec: number;
  readonly tookMs: number;
  /** When it was sent, `performance.now()`. */
  readonly sentMs: number;
}

const TICK_MS = 10;

/** GETs at a fixed rate for so long, however slow the answers are; resolves when all have come. */
export async function openLoad(perSecond: number, forMs: number, urlOf: () => string): Promise<Answered[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 2000 });
  const answers: Promise<Answered>[] = [];
  const begunMs = performance.now();
  for (let passedMs = 0; passedMs < forMs; passedMs = performance.now() - begunMs) {
    while (answers.length < (passedMs * perSecond) / 1000) answers.push(ask(urlOf(), agent));
    await sleep(TICK_MS);
  }
  const all = await Promise.all(answers);
  agent.destroy();
  return all;
}

export async function ask(url: string, agent?: Agent): Promise<Answered> {
  const sentMs = performance.now();
  try {
    const { status, tier, tookMs, retryAfterSec } = await get(url, agent);
    return { status, tier, retryAfterSec, tookMs, sentMs };
  } catch {
    return { status: 0, tier: undefined, retryAfterSec: 1, tookMs: performance.now() - sentMs, sentMs };
  }
}
