/** Rings once, `delayMs` from now; returns how to silence it before. */
export type Alarm = (delayMs: number, ring: () => void) => () => void;

export const systemAlarm: Alarm = (delayMs, ring) => {
  // What waits for it hangs on a connection, and that keeps the process alive: an alarm alone must not delay its end.
  const timer = setTimeout(ring, delayMs).unref();
  return () => clearTimeout(timer);
};
