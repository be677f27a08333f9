import type { Client } from "cassandra-driver";
import { types } from "cassandra-driver";

const LOOK_EVERY_MS = 5_000;
/** An answer that took longer says too little; half of it is the most that a look is wrong by. */
const ANSWER_MS = 1_000;
/** Enough for a majority that is right. */
const NODES_ASKED = 5;
const QUERY = "SELECT toUnixTimestamp(now()) AS ms FROM system.local WHERE key = 'local'";

/** What a node's clock said, halfway through the monotonic time that its answer took. */
export interface ClockSample {
  readonly nodeMs: number;
  readonly atClockMs: number;
}

/**
 * The time by the store's nodes: the median of their clocks, so that one of three may be wrong by any amount. Between
 * two looks it goes on with a monotonic clock, so a step of this machine's own clock shows at once.
 */
export class StoreClock {
  /** The nodes' time less the monotonic one; undefined while nothing is known. */
  #zeroMs: number | undefined;

  /** `nowMs` is this machine's time at the monotonic time `clockMs`. Without samples what was known stays. */
  learn(samples: readonly ClockSample[], nowMs: number, clockMs: number): void {
    const zeros = samples.map(({ nodeMs, atClockMs }) => nodeMs - atClockMs).sort((a, b) => a - b);
    const middle = [zeros[Math.floor((zeros.length - 1) / 2)], zeros[Math.floor(zeros.length / 2)]];
    const ownMs = nowMs - clockMs;
    // Of two that differ, the one that agrees with us is right as likely as the other.
    const [nearest] = middle
      .filter((zero) => zero !== undefined)
      .sort((a, b) => Math.abs(a - ownMs) - Math.abs(b - ownMs));
    this.#zeroMs = nearest ?? this.#zeroMs;
  }

  /** By how much this machine's clock is ahead of the store's, in ms; negative when behind, 0 while nothing is known. */
  aheadMs(nowMs: number, clockMs: number): number {
    return this.#zeroMs === undefined ? 0 : nowMs - (clockMs + this.#zeroMs);
  }
}

/** Asks the nodes of the client's own datacenter for their time, now and every 5 s; resolves after the first look. */
export async function watchStoreClock(
  client: Client,
  clock: StoreClock,
  own: { localDataCenter: string; nowMs: () => number; clockMs: () => number },
): Promise<{ stop(): void }> {
  const { localDataCenter, nowMs, clockMs } = own;
  const ask = async (host: ReturnType<Client["hosts"]["values"]>[number]): Promise<ClockSample | undefined> => {
    const askedMs = clockMs();
    const options = { host, readTimeout: ANSWER_MS, consistency: types.consistencies.localOne };
    const { rows } = await client.execute(QUERY, [], options);
    const tookMs = clockMs() - askedMs;
    return tookMs > ANSWER_MS ? undefined : { nodeMs: Number(rows[0]!.ms), atClockMs: askedMs + tookMs / 2 };
  };
  const look = async () => {
    const hosts = client.hosts.values().filter((host) => host.datacenter === localDataCenter && host.isUp());
    const asked = await Promise.all(hosts.slice(0, NODES_ASKED).map((host) => ask(host).catch(() => undefined)));
    const samples = asked.filter((sample) => sample !== undefined);
    clock.learn(samples, nowMs(), clockMs());
  };
  await look();
  let looking = false;
  const timer = setInterval(async () => {
    if (looking) return;
    looking = true;
    await look();
    looking = false;
  }, LOOK_EVERY_MS);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}
