/** Time in milliseconds since the Unix epoch. Rules about time take `nowMs` as an argument; wiring asks a clock. */
export interface Clock {
  nowMs(): number;
}

export const systemClock: Clock = { nowMs: () => Date.now() };

/** How far a process's clock may be off before it cannot do its job: writes are refused, and lifetimes are wrong. */
const OFF_MAX_MS = 2000;

/** What /readyz says of a clock that is off from the store's by so much. */
export function clockReasons(aheadMs: number): string[] {
  if (Math.abs(aheadMs) <= OFF_MAX_MS) return [];
  const seconds = (Math.abs(aheadMs) / 1000).toFixed(1);
  return [`the clock of this machine is ${seconds} s ${aheadMs > 0 ? "ahead of" : "behind"} the store's`];
}

/** A clock for tests: stands still until it is told to go on. */
export class ManualClock implements Clock {
  #nowMs: number;

  constructor(nowMs = 0) {
    this.#nowMs = nowMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  set(nowMs: number): void {
    this.#nowMs = nowMs;
  }

  advance(byMs: number): void {
    this.#nowMs += byMs;
  }
}
