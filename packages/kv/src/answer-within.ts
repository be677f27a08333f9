import { KvError } from "./port.ts";

/** Settles like the work, but rejects with `KvError` after `deadlineMs`. The work itself goes on. */
export async function answerWithin<T>(deadlineMs: number, work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new KvError("unavailable", `no answer within ${deadlineMs} ms`)),
    deadlineMs,
  );
  timer.unref();
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
