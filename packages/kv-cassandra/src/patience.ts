import { setTimeout as sleep } from "node:timers/promises";
import { KvError } from "@headwater/kv";
import { mayPass } from "./deadline.ts";

const PAUSE_MS = 200;
/** A node that has not heard yet of the keyspace or table that another one made. */
const UNKNOWN_TABLE = 0x2200;

export interface Patience {
  /** How long to keep trying, in ms. Default: 60 s. */
  readonly waitMs?: number;
  /** Told why it has to wait, whenever the reason is another one. */
  readonly onWaiting?: (reason: string) => void;
}

/** Something that has still to come, in words for an operator. */
export class NotYet extends Error {
  override readonly name = "NotYet";
}

/**
 * Tries until an attempt resolves. An error that may pass is waited out; a KvError, and what Cassandra will never do, is
 * thrown at once. Throws `KvError` with the last reason after `waitMs`; an attempt has to end by itself.
 */
export async function keepTrying<T>(attempt: () => Promise<T>, { waitMs = 60_000, onWaiting }: Patience): Promise<T> {
  const startMs = performance.now();
  let told: string | undefined;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!mayPass(error) && (error as { code?: unknown }).code !== UNKNOWN_TABLE) throw unusable(error);
      const reason = error instanceof NotYet ? error.message : unusable(error).message;
      if (performance.now() - startMs >= waitMs) {
        throw new KvError("unavailable", `${reason} (given up after ${waitMs / 1000} s)`, { cause: error });
      }
      if (reason !== told) onWaiting?.(reason);
      told = reason;
      await sleep(PAUSE_MS);
    }
  }
}

function unusable(cause: unknown): KvError {
  if (cause instanceof KvError) return cause;
  const message = `Cassandra cannot be used: ${cause instanceof Error ? cause.message : cause}`;
  return new KvError("unavailable", message, { cause });
}
