import type { Clock } from "@headwater/service-kit";
import type { Alarm } from "./alarm.ts";
import type { HeldObject, ObjectEnd, Verdict } from "./held-object.ts";

const RETRY_MS = 500;

/** One object that is waited for, by however many: looked at once for all of them whenever it may have changed. */
export class Entry {
  /** Each ends the waiting of one request. */
  readonly waiters = new Set<(end: ObjectEnd) => void>();
  readonly #object: HeldObject;
  readonly #clock: Clock;
  readonly #alarm: Alarm;
  readonly #unsubscribe: () => void;
  #silence: () => void = () => {};
  #looking = false;
  #lookAgain = false;
  #closed = false;

  /** Subscribes first and then looks, so that nothing can come unseen in between. */
  constructor(object: HeldObject, clock: Clock, alarm: Alarm) {
    this.#object = object;
    this.#clock = clock;
    this.#alarm = alarm;
    this.#unsubscribe = object.subscribe(() => void this.#look());
    void this.#look();
  }

  close(): void {
    this.#closed = true;
    this.#unsubscribe();
    this.#silence();
  }

  async #look(): Promise<void> {
    this.#lookAgain = true;
    if (this.#looking) return;
    this.#looking = true;
    while (this.#lookAgain && !this.#closed) {
      this.#lookAgain = false;
      const verdict = await this.#verdict();
      if (this.#closed) return;
      if ("end" in verdict) this.#release(verdict.end);
      else this.#setAlarm(verdict.againAtMs);
    }
    this.#looking = false;
  }

  /** When storage does not answer, the requests go on waiting, and find out by themselves in the end. */
  async #verdict(): Promise<Verdict> {
    const nowMs = this.#clock.nowMs();
    try {
      return await this.#object.verdict(nowMs);
    } catch {
      return { againAtMs: nowMs + RETRY_MS };
    }
  }

  #release(end: ObjectEnd): void {
    for (const release of [...this.waiters]) release(end);
  }

  #setAlarm(atMs: number): void {
    this.#silence();
    if (atMs === Number.POSITIVE_INFINITY) return;
    this.#silence = this.#alarm(Math.max(1, atMs - this.#clock.nowMs()), () => void this.#look());
  }
}
