import { KvError } from "@headwater/kv";

const RETRY_PAUSE_MS = 25;
/** From then on an operation is given up as soon as it is known to be hopeless; sooner it may only be unlucky. */
const HOPE_MS = 300;
const LOOK_EVERY_MS = 50;
/** Error codes from here on say that the request itself is wrong. */
const FIRST_INVALID_CODE = 0x2000;

export interface Attempts {
  /** The longest that the whole takes. */
  readonly maxMs: number;
  /** Whether it cannot succeed as things stand: too few nodes are up. */
  readonly isHopeless?: () => boolean;
  /** Called as a failed operation is begun anew, which is done once at most. Without it nothing is. */
  readonly onRetry?: () => void;
  /** Told of the whole as it ends: how long it took, ms, and whether the store did not do it. */
  readonly onEnd?: (tookMs: number, failed: boolean) => void;
}

/**
 * Settles like the operation, but at the latest after `maxMs`, or 0.3 s where it is hopeless, and rejects with `KvError`
 * only. The operation may be begun twice: it must have the same effect again. Nodes are changed by the driver; this is for when it has no more.
 */
export async function inTime<T>(operation: () => Promise<T>, attempts: Attempts): Promise<T> {
  const { maxMs, isHopeless = () => false, onRetry, onEnd } = attempts;
  const startMs = performance.now();
  let failed = false;
  const late = Promise.withResolvers<never>();
  const look = () => {
    const leftMs = startMs + maxMs - performance.now();
    if (leftMs <= 0) late.reject(new Error(`no answer within ${maxMs} ms`));
    else if (isHopeless()) late.reject(new Error("too few nodes are up"));
    else timer = setTimeout(look, Math.min(LOOK_EVERY_MS, leftMs));
  };
  let timer = setTimeout(look, Math.min(HOPE_MS, maxMs));
  const inTime = <U>(work: Promise<U>): Promise<U> => Promise.race([work, late.promise]);
  try {
    try {
      return await inTime(operation());
    } catch (error) {
      if (onRetry === undefined || !mayPass(error)) throw error;
      await inTime(new Promise((resolve) => setTimeout(resolve, RETRY_PAUSE_MS)));
      onRetry();
      return await inTime(operation());
    }
  } catch (cause) {
    if (cause instanceof KvError || cause instanceof RangeError) throw cause;
    failed = true;
    throw new KvError("unavailable", `Cassandra: ${cause instanceof Error ? cause.message : cause}`, { cause });
  } finally {
    clearTimeout(timer);
    onEnd?.(performance.now() - startMs, failed);
  }
}

/** Whether an error is one of the moment. */
export function mayPass(error: unknown): boolean {
  if (error instanceof KvError || error instanceof TypeError) return false;
  const { code } = error as { code?: unknown };
  return typeof code !== "number" || code < FIRST_INVALID_CODE;
}
