import { Agent } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { initSegment } from "@headwater/infra";
import type { Headwater } from "../../proof/harness/headwater.ts";
import { demandNone } from "../live.ts";
import { type Fault, type Scene, visibleWithinMs } from "../scene.ts";
import { type ClockedEvent, createClockedEvent } from "../traffic/event.ts";
import { describeMs, percentile } from "../traffic/figures.ts";
import { segmentBytes } from "../traffic/payload.ts";
import { isAcknowledged, type PutResult, put } from "../traffic/put.ts";
import { seededRandom } from "../traffic/random.ts";
import { type Watched, watch } from "../traffic/watch.ts";
import { ALL_STORES } from "../world.ts";

/** Of an event for which nothing else is said. */
const PUBLISH_DELAY_MS = 500;
const RETRY_DEADLINE_MS = 6_000;
const HOLD_MS = 4_000;
/** The longest that a 404 of a number still to come may be kept. */
const KEPT_MS = 1_000;

/** A notice that crosses the end of a hold on its way comes too late for it. */
const NOTICE_MS = 50;

const SHUFFLED = { durationMs: 1_000, within: 5 };
const LATE_DURATION_MS = 2_000;
/** A reader who asks then is held until after the segment's end, and before the rendition counts as stalled. */
const ASKED_BEFORE_END_MS = 1_000;
/** PUTs of one moment: more would wait for each other's turn. */
const AT_ONCE = 4;
/** The first is soon enough for a PUT that takes its time. */
const lateByMs = ({ brief }: Scene) => (brief ? [-50, 50, 5_000] : [-500, -50, 50, 10_000]);

/** Segments come in another order than their numbers, and at the last moment, or after it: they are taken and served. */
export const putLate: Fault = {
  does: "Segments come in any order within five, and just before and after a hold's end and the retry deadline",
  stores: ALL_STORES,
  deadlineMs: 240_000,
  run: async (scene) => {
    const { brief } = scene;
    const headwater = await scene.start({ HEADWATER_DVR_READS_PER_SECOND: "10000" });
    const shuffle = async () => {
      const shuffled = await Arrivals.of(scene, headwater, "shuffled", SHUFFLED.durationMs, brief ? 3 : 4);
      await shuffled.inAnyOrder(brief ? 7 : 60);
      await shuffled.judge("in any order");
    };
    const comeLate = async (boundary: string, afterEndMs: number) => {
      const id = boundary.replace(/\W+/g, "-");
      const count = lateByMs(scene).length * (brief ? 2 : 20);
      const late = await Arrivals.of(scene, headwater, id, LATE_DURATION_MS, count);
      await late.aroundBoundary(afterEndMs);
      await late.judge(`around the ${boundary}`);
      return late;
    };
    const aroundHoldsEnd = () => comeLate("hold's end", HOLD_MS - ASKED_BEFORE_END_MS);
    const aroundDeadline = () => comeLate("retry deadline", PUBLISH_DELAY_MS + RETRY_DEADLINE_MS);
    if (brief) {
      await Promise.all([shuffle(), aroundHoldsEnd(), aroundDeadline()]);
      return;
    }
    await shuffle();
    // Within 50 ms of a hold's end only a machine of one's own keeps to the order.
    await (await aroundHoldsEnd()).judgeHeld();
    await aroundDeadline();
  },
};

/** A segment, when it came, and what its readers met. */
interface Arrival {
  readonly name: string;
  /** Of its retry deadline; `performance.now()`. */
  readonly deadlineMs: number;
  readonly put: PutResult;
  readonly watched: Watched;
}

class Arrivals {
  readonly #scene: Scene;
  readonly #event: ClockedEvent;
  readonly #renditions: readonly string[];
  readonly #agent = new Agent({ keepAlive: true });
  readonly #arrivals: Arrival[] = [];

  private constructor(scene: Scene, event: ClockedEvent, count: number) {
    this.#scene = scene;
    this.#event = event;
    this.#renditions = Array.from({ length: count }, (_, i) => `r${i}`);
  }

  static async of(scene: Scene, headwater: Headwater, id: string, durationMs: number, count: number) {
    const arrivals = new Arrivals(scene, await createClockedEvent(headwater, id, durationMs), count);
    for (const rendition of arrivals.#renditions) await put(arrivals.#event, `${rendition}/init.mp4`, initSegment());
    return arrivals;
  }

  /** Each of `count` numbers comes up to four segments late. */
  async inAnyOrder(count: number): Promise<void> {
    const { durationMs } = this.#event;
    const random = seededRandom(`${this.#scene.seed}/order`);
    const first = Math.ceil(Date.now() / durationMs);
    const numbers = Array.from({ length: count }, (_, i) => first + i);
    const all = this.#renditions.flatMap((rendition) =>
      numbers.map((number) => {
        const endMs = (number + 1) * durationMs;
        const lateMs = Math.floor(random() * SHUFFLED.within) * durationMs;
        return this.#arrive(rendition, number, endMs, endMs + lateMs);
      }),
    );
    await Promise.all(all);
  }

  /** One number of each rendition comes so much after its end, and some of `lateByMs` more. */
  async aroundBoundary(afterEndMs: number): Promise<void> {
    const { durationMs } = this.#event;
    const first = Math.ceil(Date.now() / durationMs) + 1;
    const lateBy = lateByMs(this.#scene);
    const all = this.#renditions.map(async (rendition, i) => {
      const number = first + Math.floor(i / (AT_ONCE * lateBy.length));
      const endMs = (number + 1) * durationMs;
      const before = `${rendition}/${number - 1}.m4s`;
      await sleepUntil(endMs - durationMs);
      await put(this.#event, before, this.#bytesOf(rendition, number - 1));
      const lateMs = lateBy[i % lateBy.length]!;
      await this.#arrive(rendition, number, endMs - ASKED_BEFORE_END_MS, endMs + afterEndMs + lateMs);
    });
    await Promise.all(all);
  }

  async judge(what: string): Promise<void> {
    const { report } = this.#scene;
    const withinMs = visibleWithinMs(this.#scene);
    this.#agent.destroy();
    const of = (wrong: (arrival: Arrival) => unknown) => this.#arrivals.filter(wrong).map(({ name }) => name);
    await report.check(`${what}: every segment is taken`, async () => {
      demandNone(of((one) => !isAcknowledged(one.put)));
      return `${this.#arrivals.length} segments`;
    });
    await report.check(`${what}: no 410 before the retry deadline`, async () => {
      const gone = this.#arrivals.flatMap(({ watched, deadlineMs, name }) =>
        watched.refusals.flatMap(({ status, answeredMs }) =>
          status === 410 ? [{ ms: answeredMs - deadlineMs, name }] : [],
        ),
      );
      demandNone(gone.filter(({ ms }) => ms < 0).map(({ ms, name }) => `${name}: ${ms.toFixed(0)} ms`));
      return `${gone.length} after it`;
    });
    await report.check(`${what}: served to who asks ${withinMs} ms after the 2xx`, async () => {
      const refusedAfter = ({ watched, put }: Arrival) =>
        watched.refusals.some(({ askedMs }) => askedMs > put.endedMs + withinMs);
      demandNone(of(refusedAfter));
      const waits = this.#arrivals.map(({ watched, put }) => Math.max(0, watched.servedMs - put.endedMs));
      return `to who asks again and again after ${describeMs(waits)}`;
    });
    await report.check(`${what}: no 404 may be kept for more than ${KEPT_MS} ms after the publish`, async () => {
      const absent = this.#arrivals.flatMap(({ watched, put, name }) =>
        watched.refusals
          .filter(({ status }) => status === 404)
          .map(({ answeredMs, maxAgeMs }) => ({ name, maxAgeMs, outlivesMs: answeredMs + maxAgeMs - put.endedMs })),
      );
      // One of a second, at most, that crosses the 2xx on its way is no longer kept than it may be.
      const long = absent.filter(({ maxAgeMs, outlivesMs }) => maxAgeMs > KEPT_MS && outlivesMs > KEPT_MS);
      demandNone(long.map(({ name, maxAgeMs }) => `${name}: ${maxAgeMs} ms`));
      const outliving = absent.filter(({ outlivesMs }) => outlivesMs > 0).length;
      return `${absent.length} × 404, ${outliving} outlive it`;
    });
  }

  /** Those that came while the first request was held. */
  async judgeHeld(): Promise<void> {
    const { report } = this.#scene;
    await report.check("a request that is held when the segment comes is answered with it", async () => {
      const inTime = this.#arrivals.filter(({ watched, put }) => {
        const [first] = watched.refusals;
        return first === undefined || put.endedMs + NOTICE_MS < first.answeredMs;
      });
      demandNone(inTime.filter(({ watched }) => watched.refusals.length > 0).map(({ name }) => name));
      if (inTime.length === 0) throw new Error("none came in time");
      const wakesMs = inTime.map(({ watched, put }) => Math.abs(watched.servedMs - put.endedMs));
      if (percentile(wakesMs, 0.5) > 10) throw new Error(describeMs(wakesMs));
      return `between both answers ${describeMs(wakesMs)}`;
    });
  }

  async #arrive(rendition: string, number: number, askAtMs: number, sendAtMs: number): Promise<void> {
    const path = `${rendition}/${number}.m4s`;
    const bytes = this.#bytesOf(rendition, number);
    // `performance.timeOrigin` is a clock's word of minutes ago: the clock may have been set, or the machine paused, since.
    const originMs = Date.now() - performance.now();
    const watching = sleepUntil(askAtMs).then(() => watch(`${this.#event.readUrl}/${path}`, bytes, this.#agent));
    const sending = sleepUntil(sendAtMs).then(() => put(this.#event, path, bytes));
    const [watched, sent] = await Promise.all([watching, sending]);
    const deadlineMs = (number + 1) * this.#event.durationMs + PUBLISH_DELAY_MS + RETRY_DEADLINE_MS;
    const name = `${path}, answered ${sent.status ?? "not at all"}`;
    this.#arrivals.push({ name, deadlineMs: deadlineMs - originMs, put: sent, watched });
  }

  #bytesOf(rendition: string, number: number): Buffer {
    const { id, durationMs } = this.#event;
    const sizes = { minBytes: 50_000, maxBytes: 200_000 };
    return segmentBytes({ event: id, rendition, number }, { seed: this.#scene.seed, durationMs, ...sizes });
  }
}

/** `ms` since the Unix epoch. */
const sleepUntil = (ms: number) => sleep(Math.max(0, ms - Date.now()));
