import { Agent } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { KnownSegments, Sent } from "./encoder.ts";
import { type Got, get } from "./get.ts";
import { isAcknowledged } from "./put.ts";

const AT_ONCE = 4;
/** The origin sheds reads of old segments when there are many: what it says to ask again later is asked again. */
const TRIES = 5;

export interface ReadBackOptions {
  /** Default: everything that was sent. */
  readonly segments?: readonly Sent[];
  /** Where it has to come from. */
  readonly tier?: string;
}

/**
 * Reads what was sent: what was acknowledged must be there whole, anything else whole or not at all.
 * Rejects with the first few that are not so; resolves to what was found, in words.
 */
export async function readBack(
  encoder: KnownSegments,
  { segments = encoder.sent, tier }: ReadBackOptions = {},
): Promise<string> {
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const wrong: string[] = [];
  const count = { acknowledged: 0, whole: 0, absent: 0 };
  const left = segments.values();
  const readNext = async () => {
    for (const one of left) {
      const got = await patiently(encoder.urlOf(one), agent);
      const isElsewhere = tier !== undefined && got.tier !== tier;
      const fault = isElsewhere ? `${got.status} from ${got.tier}` : judge(one, got, encoder, count);
      if (fault !== undefined) wrong.push(`${one.rendition}/${one.number}: ${fault}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, readNext));
  agent.destroy();
  if (wrong.length > 0) throw new Error(`${wrong.length} of ${segments.length} wrong: ${wrong.slice(0, 5).join("; ")}`);
  if (count.acknowledged === 0) throw new Error("nothing had been acknowledged");
  return `${count.acknowledged} acknowledged are there; of ${count.whole + count.absent} others ${count.whole} are, whole`;
}

function judge(
  one: Sent,
  { status, body }: Got,
  encoder: KnownSegments,
  count: { acknowledged: number; whole: number; absent: number },
): string | undefined {
  const isWhole = status === 200 && encoder.isWhole(one, body);
  if (status === 200 && !isWhole) return `${body.length} bytes that were not sent`;
  if (isAcknowledged(one)) {
    if (!isWhole) return `acknowledged with ${one.status}, read with ${status} ${body.toString().slice(0, 100)}`;
    count.acknowledged += 1;
  } else if (isWhole) count.whole += 1;
  else if (status === 404 || status === 410) count.absent += 1;
  else return `read with ${status} ${body.toString().slice(0, 100)}`;
  return undefined;
}

/** GETs until it is no 503, a few times. Rejects with GetError. */
export async function patiently(url: string, agent: Agent): Promise<Got> {
  for (let tries = 1; ; tries++) {
    const got = await get(url, agent);
    if (got.status !== 503 || tries === TRIES) return got;
    await sleep(got.retryAfterSec * 1000);
  }
}
