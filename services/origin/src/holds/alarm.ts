/** Rings once, `delayMs` from now; returns how to silence it before. */
export type Alarm = (delayMs: number, ring: () => void) => () => void;

export const systemAlarm: Alarm = (delayMs, ring) => {
  const timer = setTimeout(ring, delayMs);
  return () => clearTimeout(timer);
};
