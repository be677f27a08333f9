import { setTimeout as sleep } from "node:timers/promises";
import { initSegment } from "@headwater/infra";
import { sumBy } from "../../storm/metrics.ts";
import { demandNone } from "../live.ts";
import type { Fault, Scene } from "../scene.ts";
import { toldBy } from "../told.ts";
import { type EndlessPut, endlessPut } from "../traffic/endless-put.ts";
import { type ClockedEvent, createClockedEvent } from "../traffic/event.ts";
import { get } from "../traffic/get.ts";
import { readMetrics } from "../traffic/metrics.ts";
import { segmentBytes } from "../traffic/payload.ts";
import { put } from "../traffic/put.ts";
import { ALL_STORES } from "../world.ts";

const MIB = 1024 * 1024;
const DURATION_MS = 2_000;
const LIMIT_BYTES = 16 * MIB;
const AT_ONCE = 16;
/** What two kernels' buffers may take of a body that nobody reads. */
const BUFFERS_BYTES = 16 * MIB;
/** The publisher gives a client half a second to read the answer; a test run shares the machine with others. */
const closedWithinMs = ({ brief }: Scene) => (brief ? 10_000 : 2_000);
const LOOK_MS = 50;

const KINDS = {
  "Content-Length over the limit": { declaredBytes: 4 * LIMIT_BYTES },
  "the same, before 100 Continue": { declaredBytes: 4 * LIMIT_BYTES, expect: true },
  "chunks without end": {},
} as const;

/** Bodies over the limit, sent for as long as the connection lives: 413, an end, and no memory to speak of. */
export const putOversized: Fault = {
  does: "16 PUTs at a time of bodies over the limit of 16 MiB, which never end by themselves",
  stores: ALL_STORES,
  deadlineMs: 120_000,
  run: async (scene) => {
    const { report, seed, brief } = scene;
    const headwater = await scene.start({ HEADWATER_PUBLISHER_MAX_SEGMENT_BYTES: String(LIMIT_BYTES) });
    const event = await createClockedEvent(headwater, "faults", DURATION_MS);
    const admin = (await toldBy(headwater)).urls.admin.publisher[0]!;
    let number = Math.floor(Date.now() / DURATION_MS) - 100;
    const payload = { seed, durationMs: DURATION_MS, minBytes: 1 * MIB, maxBytes: 2 * MIB };
    const putWhole = async () => {
      const bytes = segmentBytes({ event: event.id, rendition: "r1", number }, payload);
      const { status } = await put(event, `r1/${number}.m4s`, bytes);
      if (status !== 201) throw new Error(`a segment within the limit was answered ${status}`);
      number += 1;
    };
    await put(event, "r1/init.mp4", initSegment());
    // A process that has worked before has the memory that its work takes.
    for (let i = 0; i < 20; i++) await putWhole();

    for (const [kind, how] of Object.entries(KINDS)) {
      const watch = new Memory(admin);
      const refusedBefore = await refused(admin);
      const puts: EndlessPut[] = [];
      for (let wave = 0; wave < (brief ? 1 : 4); wave++) puts.push(...(await sendWave(event, number, how)));
      const grownBytes = await watch.stop();
      await report.check(`${kind}: 413, and the connection ends`, async () => {
        // Who is at its next write when the connection ends is told of that, and no more of the answer.
        const answered = puts.filter(({ status }) => status !== undefined);
        demandNone(answered.filter(({ status }) => status !== 413).map(({ status }) => `${status}`));
        const count = (await refused(admin)) - refusedBefore;
        if (count !== puts.length) throw new Error(`${count} of ${puts.length} are counted as refused`);
        const late = puts.filter(({ closedMs }) => closedMs === undefined || closedMs > closedWithinMs(scene));
        demandNone(late.map(({ closedMs }) => `closed after ${closedMs} ms`));
        const mostBytes = Math.max(...puts.map(({ sentBytes }) => sentBytes));
        const limitBytes = ("declaredBytes" in how ? 0 : LIMIT_BYTES) + BUFFERS_BYTES;
        if (mostBytes > limitBytes) throw new Error(`${mostBytes} bytes were taken`);
        return `${puts.length} PUTs, ${answered.length} read the answer, at most ${(mostBytes / MIB).toFixed(1)} MiB sent, the kernel's buffers included`;
      });
      await report.check(`${kind}: the publisher grows by less than ${(AT_ONCE * LIMIT_BYTES) / MIB} MiB`, async () => {
        if (grownBytes > AT_ONCE * LIMIT_BYTES) throw new Error(`${(grownBytes / MIB).toFixed(0)} MiB`);
        return `${(grownBytes / MIB).toFixed(0)} MiB`;
      });
    }
    await report.check("nothing of them is visible, and what is within the limit is taken", async () => {
      const { status } = await get(`${event.readUrl}/r1/${number}.m4s`);
      if (status !== 404 && status !== 410) throw new Error(`${status}`);
      await putWhole();
    });
  },
};

function sendWave(event: ClockedEvent, number: number, how: { declaredBytes?: number; expect?: boolean }) {
  return Promise.all(Array.from({ length: AT_ONCE }, () => endlessPut(event, `r1/${number}.m4s`, how)));
}

async function refused(admin: string): Promise<number> {
  return sumBy(await readMetrics(admin), "headwater_publish_total", "result").refused ?? 0;
}

async function residentBytes(admin: string): Promise<number> {
  const metric = (await readMetrics(admin)).find(({ name }) => name === "process_resident_memory_bytes");
  if (metric === undefined) throw new Error("the publisher does not tell its memory");
  return metric.value;
}

/** The most that a process grows by while it is watched. */
class Memory {
  readonly #admin: string;
  readonly #running: Promise<number>;
  #stopped = false;

  constructor(admin: string) {
    this.#admin = admin;
    this.#running = this.#watch();
  }

  /** Resolves to bytes. */
  stop(): Promise<number> {
    this.#stopped = true;
    return this.#running;
  }

  async #watch(): Promise<number> {
    const beforeBytes = await residentBytes(this.#admin);
    let mostBytes = beforeBytes;
    while (!this.#stopped) {
      await sleep(LOOK_MS);
      mostBytes = Math.max(mostBytes, await residentBytes(this.#admin));
    }
    return mostBytes - beforeBytes;
  }
}
