import { FairRate, Limiter, type Permit, ShedMemory } from "@headwater/admission";
import { KvError } from "@headwater/kv";
import { type Asker, type ReadGate, ReadRefused } from "@headwater/segment-store/reader";
import type { Settings } from "@headwater/service-kit";
import type { Alarm } from "../holds/alarm.ts";

export type GatedTier = "memcached" | "store";

export interface StoreGateOptions {
  readonly limits: Pick<Settings["limits"], "dvrReadsPerSecond" | "storeReadsInFlight" | "storeReadTargetMs">;
  /** Monotonic. */
  readonly nowMs: () => number;
  readonly alarm: Alarm;
}

/** How long a shed object is remembered, and is not to be asked for again. */
const SHED_MS = 5000;
const SHED_MAX = 50_000;
/** A read waits for its turn no longer than this. */
const WAIT_MS = 2000;
/** When the live edge is refused for want of a place it may ask again after this. */
const AGAIN_MS = 1000;
/** Reads that may wait for the store, for each one that may be under way. */
const WAITING_PER_READ = 16;
/** Of the zones of memcached together, which answer in about a millisecond. */
const MEMCACHED = { max: 256, targetMs: 50, maxWaiting: 4096 };

/** Room for one object, that so many wait to use. */
interface Promised {
  askers: number;
  readonly giveBack: () => void;
}

const BACKGROUND: Asker = { class: "background", object: "", edge: "" };

/**
 * Two layers before the store. The hard one: so many DVR objects a second, so many reads under way. Above it a limit for
 * each tier that follows its latency. The live edge waits for its turn; a DVR read that finds no room is shed at once,
 * and its object remembered; what nobody waits for is not read before there is room.
 */
export class StoreGate implements ReadGate {
  readonly #tiers: Readonly<Record<GatedTier, Limiter>>;
  readonly #options: StoreGateOptions;
  readonly #shed = new ShedMemory({ forMs: SHED_MS, max: SHED_MAX });
  /** By object; no more than there is room for. */
  readonly #promised = new Map<string, Promised>();
  readonly #rates: Readonly<Record<"object" | "rows", FairRate>>;

  constructor(options: StoreGateOptions) {
    const { dvrReadsPerSecond, storeReadsInFlight: max, storeReadTargetMs: targetMs } = options.limits;
    this.#options = options;
    // Each by itself: a number whose row had to be read must not be kept from its bytes by that.
    this.#rates = { object: new FairRate(dvrReadsPerSecond), rows: new FairRate(dvrReadsPerSecond) };
    this.#tiers = {
      memcached: new Limiter(MEMCACHED),
      store: new Limiter({ max, targetMs, maxWaiting: WAITING_PER_READ * max }),
    };
  }

  /** Something of each tier's limiter, for the metrics. */
  levels(of: (limiter: Limiter) => number): { labels: { tier: GatedTier }; value: number }[] {
    const { memcached, store } = this.#tiers;
    return [
      { labels: { tier: "memcached" }, value: of(memcached) },
      { labels: { tier: "store" }, value: of(store) },
    ];
  }

  /** Whether a read of the store that nobody waits for would be let in at once. */
  hasRoom(): boolean {
    return this.#tiers.store.hasRoom(BACKGROUND, 1);
  }

  check(asker: Asker): void {
    if (asker.class !== "dvr") return;
    const nowMs = this.#options.nowMs();
    const untilMs = this.#shed.untilMs(asker.object, nowMs);
    if (untilMs !== undefined) throw new ReadRefused("dvr", untilMs - nowMs);
  }

  promise(asker: Asker): () => void {
    if (asker.class !== "dvr") return () => {};
    this.check(asker);
    const promised = this.#promised.get(asker.object) ?? this.#promiseOne(asker);
    promised.askers += 1;
    return () => {
      promised.askers -= 1;
      if (promised.askers > 0) return;
      this.#promised.delete(asker.object);
      promised.giveBack();
    };
  }

  #promiseOne(asker: Asker): Promised {
    const { store } = this.#tiers;
    const edges = this.#rates.rows.ask(asker.edge, this.#options.nowMs());
    if (!store.hasRoom(asker, edges)) this.#shedNow(asker);
    const promised = { askers: 0, giveBack: store.promise(asker) };
    this.#promised.set(asker.object, promised);
    return promised;
  }

  admit(asker: Asker, what: "object" | "rows"): void {
    if (asker.class !== "dvr") return;
    this.check(asker);
    const nowMs = this.#options.nowMs();
    const rate = this.#rates[what];
    const edges = rate.ask(asker.edge, nowMs);
    // Rows are read for objects that room is promised to.
    const hasRoom = what === "rows" || this.#tiers.store.hasRoom(asker, edges);
    if (!hasRoom || !rate.take(asker.edge, nowMs)) this.#shedNow(asker);
  }

  #shedNow({ object }: Asker): never {
    this.#shed.remember(object, this.#options.nowMs());
    throw new ReadRefused("dvr", SHED_MS);
  }

  async read<T>(tier: GatedTier, asker: Asker, act: () => Promise<T>): Promise<T> {
    const { nowMs } = this.#options;
    let permit: Permit | undefined;
    try {
      permit = await this.#permit(this.#tiers[tier], asker);
      const result = await act();
      permit.end("success", nowMs());
      return result;
    } catch (error) {
      permit?.end(error instanceof KvError ? "dropped" : "ignored", nowMs());
      // It may have cost the store a read: the next one is not before its time either.
      if (asker.class === "dvr") this.#shed.remember(asker.object, nowMs());
      throw error;
    }
  }

  #permit(limiter: Limiter, asker: Asker): Promise<Permit> {
    const { nowMs, alarm } = this.#options;
    return new Promise((resolve, reject) => {
      const refuse = () => reject(new ReadRefused(asker.class, asker.class === "dvr" ? SHED_MS : AGAIN_MS));
      let isIn = false;
      let cancelAlarm: (() => void) | undefined;
      const leave = limiter.enter(asker, nowMs(), (permit) => {
        isIn = true;
        cancelAlarm?.();
        resolve(permit);
      });
      if (leave === undefined) return refuse();
      if (isIn) return;
      cancelAlarm = alarm(WAIT_MS, () => {
        leave();
        refuse();
      });
    });
  }
}
