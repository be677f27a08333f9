import { KvError } from "@headwater/kv";

/** The longest that any operation takes, with all its retries. */
export const OPERATION_MS = 3000;

/** Settles like the driver's promise, but at the latest after `OPERATION_MS`, and rejects with `KvError` only. */
export async function inTime<T>(work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`no answer within ${OPERATION_MS} ms`)), OPERATION_MS);
  try {
    return await Promise.race([work, late.promise]);
  } catch (cause) {
    if (cause instanceof KvError) throw cause;
    throw new KvError("unavailable", `Cassandra: ${cause instanceof Error ? cause.message : cause}`, { cause });
  } finally {
    clearTimeout(timer);
  }
}
