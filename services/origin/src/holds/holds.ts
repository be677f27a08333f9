import type { ServerResponse } from "node:http";
import type { Clock, Metrics } from "@headwater/service-kit";
import type { Turns } from "../http/turns.ts";
import type { Alarm } from "./alarm.ts";
import { Entry } from "./entry.ts";
import type { HeldObject, ObjectEnd } from "./held-object.ts";

/**
 * Why a request waits no longer. `deadline`: its time is up; `gone`: the client has left; `drain`, `refused`: it was not
 * let in, because this process ends or holds as many as it may.
 */
export type HoldEnd = ObjectEnd | "gone" | "drain" | "refused";

export interface HoldsOptions {
  readonly clock: Clock;
  readonly alarm: Alarm;
  /** Requests held at a time, whatever for. */
  readonly max: number;
  readonly draining: AbortSignal;
  readonly turns: Turns;
  readonly metrics: Pick<Metrics, "holds" | "holdsTotal">;
}

/** Requests that wait for something to come. A waiting request is a parked promise; each object has one entry. */
export class Holds {
  readonly #options: HoldsOptions;
  readonly #entries = new Map<string, Entry>();
  #count = 0;

  constructor(options: HoldsOptions) {
    this.#options = options;
  }

  /** Resolves when the request is to be looked at again, `untilMs` at the latest. Those that end together take turns. */
  async wait(object: HeldObject, client: ServerResponse, untilMs: number): Promise<HoldEnd> {
    const { metrics, turns } = this.#options;
    const end = this.#refusal(client) ?? (await this.#park(object, client, untilMs));
    metrics.holdsTotal.inc({ end });
    if (end !== "gone") await turns.opening();
    return end;
  }

  #refusal(client: ServerResponse): HoldEnd | undefined {
    if (client.destroyed) return "gone";
    if (this.#options.draining.aborted) return "drain";
    return this.#count >= this.#options.max ? "refused" : undefined;
  }

  #park(object: HeldObject, client: ServerResponse, untilMs: number): Promise<HoldEnd> {
    const { alarm, clock } = this.#options;
    const { promise, resolve } = Promise.withResolvers<HoldEnd>();
    const entry = this.#entry(object);
    const leave = (end: HoldEnd): void => {
      silence();
      client.off("close", onClose);
      entry.waiters.delete(leave);
      if (entry.waiters.size === 0) {
        this.#entries.delete(object.key);
        entry.close();
      }
      this.#setCount(this.#count - 1);
      resolve(end);
    };
    const onClose = () => leave("gone");
    const silence = alarm(Math.max(0, untilMs - clock.nowMs()), () => leave("deadline"));
    client.once("close", onClose);
    entry.waiters.add(leave);
    this.#setCount(this.#count + 1);
    return promise;
  }

  #entry(object: HeldObject): Entry {
    let entry = this.#entries.get(object.key);
    if (entry === undefined) {
      entry = new Entry(object, this.#options.clock, this.#options.alarm);
      this.#entries.set(object.key, entry);
    }
    return entry;
  }

  #setCount(count: number): void {
    this.#count = count;
    this.#options.metrics.holds.set(count);
  }
}
