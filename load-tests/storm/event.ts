import { setTimeout as sleep } from "node:timers/promises";
import { initSegment } from "@headwater/infra";
import { SeededEncoder } from "../faults/traffic/encoder.ts";
import { type ClockedEvent, createPipelines } from "../faults/traffic/event.ts";
import { segmentBytes } from "../faults/traffic/payload.ts";
import { isAcknowledged, put } from "../faults/traffic/put.ts";
import type { Headwater } from "../proof/harness/headwater.ts";

const TIMEOUT_MS = 10_000;
const SIZES = { minBytes: 100_000, maxBytes: 400_000 };
/** PUTs of the past under way at a time. */
const AT_ONCE = 8;

export interface StormEventOptions {
  readonly id: string;
  readonly durationMs: number;
  readonly renditions: readonly string[];
  /** Segments of each rendition and pipeline that are there before the encoders begin: what viewers seek back to. */
  readonly past: number;
}

/** A live event with an encoder in each of its two pipelines. */
export interface StormEvent {
  readonly id: string;
  readonly encoders: readonly SeededEncoder[];
  /** Sends no more; resolves when every PUT has ended. */
  stop(): Promise<void>;
}

/** Creates the event, fills its DVR window, and starts its encoders; resolves when each has published something. */
export async function startStormEvent(headwater: Headwater, options: StormEventOptions): Promise<StormEvent> {
  const pipelines = await createPipelines(headwater, { ...options, pipelines: ["a", "b"] });
  const next = Math.floor(Date.now() / options.durationMs);
  await Promise.all(pipelines.map((pipeline) => publishPast(pipeline, options.renditions, next - options.past, next)));
  const encoders = pipelines.map(
    (event, i) => new SeededEncoder({ event, seed: `encoder ${i}`, renditions: options.renditions, ...SIZES }),
  );
  const stop = async () => {
    await Promise.all(encoders.map((encoder) => encoder.stop()));
  };
  const lateMs = performance.now() + TIMEOUT_MS;
  while (!encoders.every(({ acknowledged }) => acknowledged.length > 0)) {
    if (performance.now() > lateMs) {
      await stop();
      throw new Error("an encoder has published nothing yet");
    }
    await sleep(50);
  }
  // What became the past while it was being published.
  const gaps = encoders.map(({ event, sent }) => publishPast(event, options.renditions, next, sent[0]!.number));
  await Promise.all(gaps);
  return { id: options.id, encoders, stop };
}

/** Publishes the numbers from `first` to below `end`, oldest first. */
async function publishPast(event: ClockedEvent, renditions: readonly string[], first: number, end: number) {
  const { id, durationMs } = event;
  const send = async (path: string, bytes: Buffer) => {
    const result = await put(event, path, bytes);
    if (!isAcknowledged(result)) throw new Error(`PUT of ${path} was answered ${result.status ?? "not at all"}`);
  };
  // Another process made the event: the publisher hears of it within a second.
  await untilKnown(event);
  for (const rendition of renditions) await send(`${rendition}/init.mp4`, initSegment());
  const numbers = Array.from({ length: Math.max(0, end - first) }, (_, i) => first + i);
  const left = numbers.flatMap((number) => renditions.map((rendition) => ({ rendition, number }))).values();
  const sendNext = async () => {
    for (const { rendition, number } of left) {
      const bytes = segmentBytes({ event: id, rendition, number }, { seed: "past", durationMs, ...SIZES });
      await send(`${rendition}/${number}.m4s`, bytes);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, sendNext));
}

async function untilKnown(event: ClockedEvent): Promise<void> {
  const lateMs = performance.now() + TIMEOUT_MS;
  for (;;) {
    const { status } = await put(event, "probe", Buffer.alloc(0));
    if (status === 204) return;
    if (performance.now() > lateMs) throw new Error(`the publisher answers ${status ?? "nothing"} to a probe`);
    await sleep(50);
  }
}
