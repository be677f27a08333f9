import { Agent } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { initSegment, startOriginBeside } from "@headwater/infra";
import { demandNone } from "../live.ts";
import { type Fault, type Scene, visibleWithinMs } from "../scene.ts";
import { type ClockedEvent, createClockedEvent } from "../traffic/event.ts";
import type { Got } from "../traffic/get.ts";
import { segmentBytes } from "../traffic/payload.ts";
import { isAcknowledged, put } from "../traffic/put.ts";
import { patiently } from "../traffic/read-back.ts";
import { ALL_STORES } from "../world.ts";

const DURATION_MS = 2_000;
/** So many names are sent to at a time, each in a rendition of its own. */
const RENDITIONS = 10;

/** The same name twice: two processes take it, two serve it from their caches, and one reads the store itself. */
export const putTwice: Fault = {
  does: "1000 segments are PUT twice at once; 200 names are given two bodies, one after the other or at once",
  stores: ALL_STORES,
  deadlineMs: 240_000,
  run: async (scene) => {
    const { brief, dir } = scene;
    const headwater = await scene.start({
      HEADWATER_PUBLISHER_PROCESSES: "2",
      HEADWATER_ORIGIN_PROCESSES: "2",
      HEADWATER_DVR_READS_PER_SECOND: "10000",
    });
    const event = await createClockedEvent(headwater, "faults", DURATION_MS);
    const bare = await startOriginBeside({
      dir: join(dir, "bare"),
      env: {
        ...headwater.storeSettings,
        HEADWATER_DVR_READS_PER_SECOND: "10000",
        HEADWATER_MEMORY_CACHE_BYTES: "0",
        HEADWATER_MEMCACHED_ZONES: undefined,
        HEADWATER_ZONE: undefined,
      },
      readyMs: 30_000,
    });
    const names = new Names(scene, event, bare.url);
    try {
      await names.sendInits();
      await names.sameBodies(brief ? 20 : 1_000);
      await names.otherBodyLater(brief ? 10 : 100);
      await names.otherBodyAtOnce(brief ? 10 : 100);
      await names.defectiveReplaced();
    } finally {
      names.close();
      await bare.stop();
    }
  },
};

class Names {
  readonly #scene: Scene;
  readonly #event: ClockedEvent;
  readonly #bareUrl: string;
  /** Two, so that both origins of the port are asked, more likely than not. */
  readonly #agents = [new Agent({ keepAlive: true }), new Agent({ keepAlive: true })];
  #nextNumber = Math.floor(Date.now() / DURATION_MS) - 500;

  constructor(scene: Scene, event: ClockedEvent, bareUrl: string) {
    this.#scene = scene;
    this.#event = event;
    this.#bareUrl = bareUrl;
  }

  async sendInits(): Promise<void> {
    for (let i = 0; i < RENDITIONS; i++) await put(this.#event, `r${i}/init.mp4`, initSegment());
  }

  async sameBodies(count: number): Promise<void> {
    const wrong: string[] = [];
    const statuses: Record<string, number> = {};
    await this.#each(count, async (name, bytes) => {
      const pair = await Promise.all([put(this.#event, name, bytes), put(this.#event, name, bytes)]);
      const told = pair
        .map(({ status }) => status ?? "no answer")
        .toSorted()
        .join(" and ");
      statuses[told] = (statuses[told] ?? 0) + 1;
      if (!pair.every(isAcknowledged)) wrong.push(`${name}: ${told}`);
      const unlike = await this.#unlike(name, bytes);
      if (unlike !== undefined) wrong.push(unlike);
    });
    await this.#scene.report.check(
      "the same bytes twice at once: both 2xx, one ETag, caches as the store",
      async () => {
        demandNone(wrong);
        return Object.entries(statuses)
          .map(([told, times]) => `${times} × ${told}`)
          .join(", ");
      },
    );
  }

  /** The first stays, while it is read. */
  async otherBodyLater(count: number): Promise<void> {
    const wrong: string[] = [];
    let reads = 0;
    await this.#each(count, async (name, bytes, other) => {
      const first = await put(this.#event, name, bytes);
      await sleep(visibleWithinMs(this.#scene));
      const racing = put(this.#event, name, other);
      const during = await Promise.all(this.#agents.map((agent) => this.#read(name, agent)));
      reads += during.length;
      const second = await racing;
      if (first.status !== 201 || second.status !== 409) wrong.push(`${name}: ${first.status}, then ${second.status}`);
      if (during.some(({ status, body }) => status === 200 && !body.equals(bytes))) wrong.push(`${name}: other bytes`);
      const unlike = await this.#unlike(name, bytes);
      if (unlike !== undefined) wrong.push(unlike);
    });
    await this.#scene.report.check("another body later: 409, and the first stays", async () => {
      demandNone(wrong);
      return `${count} names, ${reads} reads meanwhile`;
    });
  }

  /** One of them is served, to all and for good; both may be told that they were taken. */
  async otherBodyAtOnce(count: number): Promise<void> {
    const wrong: string[] = [];
    const found = { both: 0, changed: 0, reads: 0 };
    await this.#each(count, async (name, bytes, other) => {
      const racing = Promise.all([put(this.#event, name, bytes), put(this.#event, name, other)]);
      const ended = racing.then(() => true);
      const seen: Got[] = [];
      do seen.push(...(await Promise.all(this.#agents.map((agent) => this.#read(name, agent)))));
      while (!(await Promise.race([ended, false])));
      const [a, b] = await racing;
      await sleep(visibleWithinMs(this.#scene));
      const { body } = await this.#read(name, this.#agents[0]!);
      const served = body.equals(bytes) ? a : body.equals(other) ? b : undefined;
      if (served === undefined || !isAcknowledged(served)) wrong.push(`${name}: ${a.status} and ${b.status}`);
      if ([a, b].some((one) => !isAcknowledged(one) && one.status !== 409))
        wrong.push(`${name}: ${a.status}, ${b.status}`);
      const unlike = await this.#unlike(name, body);
      if (unlike !== undefined) wrong.push(unlike);
      if (isAcknowledged(a) && isAcknowledged(b)) found.both += 1;
      found.reads += seen.length;
      found.changed += seen.filter((got) => got.status === 200 && !got.body.equals(body)).length;
    });
    await this.#scene.report.check("two bodies at once: one is served to all, and its PUT was told 2xx", async () => {
      demandNone(wrong);
      const { both, changed, reads } = found;
      return `${count} names, of ${both} both were told 2xx; ${changed} of ${reads} reads before the answers met the other`;
    });
  }

  /** Before its retry deadline a copy with a defect gives way, and is not kept for long before that. */
  async defectiveReplaced(): Promise<void> {
    await this.#scene.report.check("another body for a defective copy: 200, and it is served", async () => {
      this.#nextNumber = Math.floor(Date.now() / DURATION_MS) - 1;
      const wrong: string[] = [];
      await this.#each(RENDITIONS, async (name, bytes, other) => {
        const defective = await put(this.#event, name, bytes, { headers: { "Headwater-Defects": "short;ms=400" } });
        const before = await this.#read(name, this.#agents[0]!);
        const better = await put(this.#event, name, other);
        await sleep(visibleWithinMs(this.#scene));
        const unlike = await this.#unlike(name, other);
        if (defective.status !== 201 || better.status !== 200)
          wrong.push(`${name}: ${defective.status}, ${better.status}`);
        if (before.status !== 200 || (before.maxAgeMs ?? 0) > DURATION_MS)
          wrong.push(`${name}: ${before.status}, to be kept ${before.maxAgeMs} ms`);
        if (unlike !== undefined) wrong.push(unlike);
      });
      demandNone(wrong);
      return `${RENDITIONS} names`;
    });
  }

  close(): void {
    for (const agent of this.#agents) agent.destroy();
  }

  /** Names that have not been sent to, with two bodies each. */
  async #each(count: number, work: (name: string, bytes: Buffer, other: Buffer) => Promise<void>): Promise<void> {
    const first = this.#nextNumber;
    this.#nextNumber += Math.ceil(count / RENDITIONS);
    const runs = Array.from({ length: RENDITIONS }, async (_, i) => {
      const rendition = `r${i}`;
      for (let number = first; number < this.#nextNumber; number++)
        await work(
          `${rendition}/${number}.m4s`,
          this.#bytesOf(rendition, number),
          this.#bytesOf(`${rendition} anew`, number),
        );
    });
    await Promise.all(runs);
  }

  #bytesOf(rendition: string, number: number): Buffer {
    // One in eight has two chunks.
    const sizes = number % 8 === 0 ? { minBytes: 540_000, maxBytes: 640_000 } : { minBytes: 20_000, maxBytes: 90_000 };
    const payload = { seed: this.#scene.seed, durationMs: DURATION_MS, ...sizes };
    return segmentBytes({ event: this.#event.id, rendition, number }, payload);
  }

  #read(name: string, agent: Agent): Promise<Got> {
    return patiently(`${this.#event.readUrl}/${name}`, agent);
  }

  /** Why not everyone is given these bytes under one ETag, if so. */
  async #unlike(name: string, bytes: Buffer): Promise<string | undefined> {
    const url = `${this.#event.readUrl}/${name}`;
    const fromStore = this.#bareUrl + new URL(url).pathname;
    const all = await Promise.all([
      ...this.#agents.map((agent) => patiently(url, agent)),
      patiently(fromStore, this.#agents[0]!),
    ]);
    const isOne = new Set(all.map(({ etag }) => etag)).size === 1;
    if (isOne && all.every(({ status, body }) => status === 200 && body.equals(bytes))) return undefined;
    return `${name}: ${all.map(({ status, etag, tier }) => `${status} ${etag} from ${tier}`).join(", ")}`;
  }
}
