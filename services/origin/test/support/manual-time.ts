import { setImmediate } from "node:timers/promises";
import { ManualClock } from "@headwater/service-kit";
import type { Alarm } from "../../src/holds/alarm.ts";

/** A clock with alarms that ring when it is told to go on. */
export class ManualTime extends ManualClock {
  readonly #alarms = new Set<{ readonly atMs: number; readonly ring: () => void }>();

  readonly alarm: Alarm = (delayMs, ring) => {
    const set = { atMs: this.nowMs() + delayMs, ring };
    this.#alarms.add(set);
    return () => this.#alarms.delete(set);
  };

  get alarms(): number {
    return this.#alarms.size;
  }

  /** Lets `byMs` go by: every alarm rings at its moment, and what it brings about happens before the next one. */
  async pass(byMs: number): Promise<void> {
    await settle(); // What has begun sets its alarms from now.
    const endMs = this.nowMs() + byMs;
    for (;;) {
      const due = [...this.#alarms].filter(({ atMs }) => atMs <= endMs).sort((a, b) => a.atMs - b.atMs);
      const [next] = due;
      if (next === undefined) break;
      this.set(Math.max(next.atMs, this.nowMs()));
      for (const alarm of due.filter(({ atMs }) => atMs === next.atMs)) {
        if (this.#alarms.delete(alarm)) alarm.ring();
      }
      await settle();
    }
    this.set(endMs);
  }
}

/** Lets everything happen that needs no more than turns of the event loop. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 6; turn += 1) await setImmediate();
}
