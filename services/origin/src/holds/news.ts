import type { Catalog, EventView } from "@headwater/segment-store/catalog";
import type { Clock } from "@headwater/service-kit";
import type { Alarm } from "./alarm.ts";

/** How often notices are asked whether they can still be believed, where something is held. */
const ROUND_MS = 50;
/** Without news for this long the tail is read: soon enough for a commit to be answered within 500 ms. */
const SILENCE_MS = 350;

interface Watch {
  readonly wakes: Set<() => void>;
  stop(): void;
}

/** What happens to renditions that requests wait for: one watch for each, whatever the number of objects and requests. */
export class News {
  readonly #catalog: Catalog;
  readonly #clock: Clock;
  readonly #alarm: Alarm;
  readonly #watches = new Map<string, Watch>();

  constructor(catalog: Catalog, clock: Clock, alarm: Alarm) {
    this.#catalog = catalog;
    this.#clock = clock;
    this.#alarm = alarm;
  }

  /** Calls `wake` at every candidate of the rendition and every change of its event or of its masks; returns how to stop. */
  subscribe(view: EventView, rendition: string, wake: () => void): () => void {
    const key = `${view.uid}/${rendition}`;
    const watch = this.#watches.get(key) ?? this.#watch(view, rendition);
    this.#watches.set(key, watch);
    watch.wakes.add(wake);
    return () => {
      watch.wakes.delete(wake);
      if (watch.wakes.size > 0) return;
      this.#watches.delete(key);
      watch.stop();
    };
  }

  #watch(view: EventView, rendition: string): Watch {
    const wakes = new Set<() => void>();
    const wakeAll = () => {
      for (const wake of [...wakes]) wake();
    };
    const id = view.event.id;
    const stops = [
      view.tail(rendition).subscribe(wakeAll),
      view.masks.subscribe(wakeAll),
      this.#catalog.subscribe((event) => {
        if (event.id === id) wakeAll();
      }),
      this.#keepReading(view, rendition),
    ];
    const stop = () => {
      for (const end of stops) end();
    };
    return { wakes, stop };
  }

  /** While notices are silent, the tail is read again and again, four times a second at most. */
  #keepReading(view: EventView, rendition: string): () => void {
    let stopped = false;
    const round = async (): Promise<void> => {
      try {
        await view.ensureTail(rendition, this.#clock.nowMs(), SILENCE_MS);
      } catch {
        // Storage does not answer: the next round asks again.
      }
      if (!stopped) silence = this.#alarm(ROUND_MS, () => void round());
    };
    let silence = this.#alarm(ROUND_MS, () => void round());
    return () => {
      stopped = true;
      silence();
    };
  }
}
