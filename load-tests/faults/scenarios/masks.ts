import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Service, startOriginBeside, until } from "@headwater/infra";
import type { Headwater } from "../../proof/harness/headwater.ts";
import { killAll, sameUrls } from "../kill-all.ts";
import { demandNone } from "../live.ts";
import type { Fault, Scene } from "../scene.ts";
import { type ClockedEvent, createPipelines } from "../traffic/event.ts";
import { describeMs } from "../traffic/figures.ts";
import { get } from "../traffic/get.ts";
import { EventMasks, type Mask } from "../traffic/masks.ts";
import { OriginWatch, type Seen } from "../traffic/origin-watch.ts";
import { Redundant } from "../traffic/pipeline.ts";
import { seededRandom } from "../traffic/random.ts";

const DURATION_MS = 500;
/** Masked at a time. */
const NUMBERS = 3;
/** Behind the newest: their choice is settled. */
const SETTLED_NUMBERS = 8;
const TRAFFIC = { renditions: ["r1", "r2"], minBytes: 2_000, maxBytes: 8_000, tries: 20 };
/** Reads go on for so long after the acknowledgement. */
const AFTER_MS = 300;
const BACK_MS = 5_000;
const SETTINGS = { HEADWATER_DVR_READS_PER_SECOND: "10000" };

/** Masks while two origins are read: with notices and without, to one that is paused, and over the death of everything. */
export const masks: Fault = {
  does: "Copies are masked while two origins serve them: with Redis and without, one origin paused, everything killed with -9",
  stores: ["local", "cluster"],
  deadlineMs: 300_000,
  run: async (scene) => {
    const { brief, dir, seed, world } = scene;
    const data = { ...SETTINGS, HEADWATER_DATA_DIR: join(dir, "data") };
    const headwater = await scene.start(data);
    const events = await createPipelines(headwater, {
      id: "faults",
      durationMs: DURATION_MS,
      pipelines: ["a", "b"],
      renditions: TRAFFIC.renditions,
    });
    const traffic = new Redundant(events, { seed, ...TRAFFIC });
    const stage = new Stage(scene, traffic, events[0]!, data);
    try {
      await stage.open(headwater);
      await stage.trials(world.redis === undefined ? "" : "with Redis: ", brief ? 2 : 20);
      await stage.paused("one origin paused", brief ? 1 : 5);
      await stage.allMasked();
      if (world.redis !== undefined) {
        world.redis.kill();
        await sleep(1_000);
        await stage.trials("without Redis: ", brief ? 2 : 20);
        await stage.paused("without Redis, one origin paused", brief ? 1 : 5);
        await world.redis.startAgain();
      }
      await stage.everythingKilled();
    } finally {
      await traffic.stop();
      await stage.close();
    }
  },
};

/** Two origins of one event, each with its reader. */
class Stage {
  readonly #scene: Scene;
  readonly #traffic: Redundant;
  readonly #event: ClockedEvent;
  readonly #settings: NodeJS.ProcessEnv;
  readonly #random: () => number;
  #headwater!: Headwater;
  #beside!: Service;
  #masks!: EventMasks;
  #watches: readonly OriginWatch[] = [];

  constructor(scene: Scene, traffic: Redundant, event: ClockedEvent, settings: NodeJS.ProcessEnv) {
    this.#scene = scene;
    this.#traffic = traffic;
    this.#event = event;
    this.#settings = settings;
    this.#random = seededRandom(`${scene.seed}/masks`);
  }

  async open(headwater: Headwater): Promise<void> {
    this.#headwater = headwater;
    this.#masks = new EventMasks(headwater, this.#event.id);
    const env = { ...headwater.storeSettings, ...SETTINGS };
    this.#beside = await startOriginBeside({ dir: join(this.#scene.dir, "beside"), env, readyMs: 30_000 });
    const { pathname } = new URL(this.#event.readUrl);
    this.#watches = [headwater.urls.origin, this.#beside.url].map((origin) => new OriginWatch(origin + pathname));
    await until(async () => void this.#settled(), BACK_MS + SETTLED_NUMBERS * DURATION_MS);
  }

  async close(): Promise<void> {
    for (const watch of this.#watches) await watch.stop();
    await this.#beside?.stop();
  }

  /** A mask after another, each removed again. */
  async trials(name: string, count: number): Promise<void> {
    const takenMs: number[][] = [[], []];
    const wrong: string[] = [];
    let confirmed = 0;
    let reads = 0;
    await this.#scene.report.check(`${name}${count} masks: no masked copy is served after the 201`, async () => {
      for (let trial = 0; trial < count; trial += 1) {
        await sleep(Math.floor(this.#random() * DURATION_MS));
        const numbers = this.#settled();
        const victim = await this.#servedFrom(numbers[0]!, "r1");
        const paths = ["r1", "r2"].flatMap((rendition) =>
          [numbers[0]! - 1, ...numbers].map((number) => `${rendition}/${number}.m4s`),
        );
        const masked = new Set(numbers.map((number) => `r1/${number}.m4s`));
        const before = await this.#look(paths);
        for (const watch of this.#watches) watch.watch(paths);
        const sentMs = performance.now();
        const mask = await this.#masks.add({ pipeline: victim, rendition: "r1", ...rangeOf(numbers) });
        const ackMs = performance.now();
        await sleep(AFTER_MS);
        if (mask.confirmedBy.length === 2) confirmed += 1;
        for (const [n, { seen }] of this.#watches.entries()) {
          const still = seen.filter(({ path, pipeline }) => masked.has(path) && pipeline === victim);
          takenMs[n]!.push(Math.max(0, ...still.map(({ headMs }) => headMs - sentMs)));
          reads += seen.length;
          wrong.push(...still.filter((one) => one.sentMs > ackMs).map((one) => `origin ${n + 1} after: ${said(one)}`));
          const others = seen.filter(({ path, pipeline }) => !masked.has(path) && pipeline !== before.get(path));
          wrong.push(...others.map((one) => `origin ${n + 1}, not masked: ${said(one)}`));
          const lost = seen.filter(({ path, status }) => masked.has(path) && status !== 200);
          wrong.push(...lost.map((one) => `origin ${n + 1}, the other copy is there: ${said(one)}`));
        }
        await this.#masks.remove(mask);
        await until(() => this.#demand(numbers, victim), BACK_MS);
      }
      demandNone([...wrong, ...this.#watches.flatMap(({ failed }) => failed)]);
      const took = takenMs.map((ms, n) => `origin ${n + 1} last served it ${describeMs(ms)} after the POST`);
      return `${reads} reads; ${took.join("; ")}; both had confirmed at ${confirmed} of ${count} answers`;
    });
  }

  /** The second origin is stopped before a mask and goes on after its 201, with requests that have waited meanwhile. */
  async paused(name: string, count: number): Promise<void> {
    await this.#scene.report.check(`${name}: it serves no masked copy when it goes on`, async () => {
      const [, watch] = this.#watches as [OriginWatch, OriginWatch];
      const wrong: string[] = [];
      let reads = 0;
      for (let pause = 0; pause < count; pause += 1) {
        const numbers = this.#settled();
        const victim = await this.#servedFrom(numbers[0]!, "r1");
        const paths = numbers.map((number) => `r1/${number}.m4s`);
        for (const one of this.#watches) one.watch(paths);
        await sleep(AFTER_MS);
        process.kill(this.#beside.pid, "SIGSTOP");
        let mask: Mask;
        let waiting: Promise<Seen>[];
        try {
          mask = await this.#masks.add({ pipeline: victim, rendition: "r1", ...rangeOf(numbers) });
          waiting = Array.from({ length: 12 }, (_, n) => watch.read(paths[n % paths.length]!));
          await sleep(AFTER_MS);
        } finally {
          process.kill(this.#beside.pid, "SIGCONT");
        }
        const fromMs = performance.now();
        const first = await Promise.all(waiting);
        await sleep(AFTER_MS);
        const seen = [...first, ...watch.seen.filter(({ sentMs }) => sentMs > fromMs)];
        reads += seen.length;
        wrong.push(...seen.filter(({ pipeline }) => pipeline === victim).map((one) => said(one)));
        await until(async () => {
          const { confirmedBy } = (await this.#masks.all()).find(({ id }) => id === mask.id)!;
          if (confirmedBy.length !== 2) throw new Error(`confirmed by ${confirmedBy}`);
        }, BACK_MS);
        await this.#masks.remove(mask);
        await until(() => this.#demand(numbers, victim), BACK_MS);
      }
      demandNone([...wrong, ...this.#watches.flatMap(({ failed }) => failed)]);
      return `${count} pauses, ${reads} reads; it has confirmed each mask then`;
    });
  }

  /** Of both pipelines: 404 for a second, and a gap in the playlist. */
  async allMasked(): Promise<void> {
    await this.#scene.report.check("every copy masked: 404 for 1 s, and a gap in the playlist", async () => {
      const numbers = this.#settled();
      const before = await this.#servedFrom(numbers[0]!, "r1");
      const made = await Promise.all(
        ["a", "b"].map((pipeline) => this.#masks.add({ pipeline, rendition: "r1", ...rangeOf(numbers) })),
      );
      for (const origin of [this.#headwater.urls.origin, this.#beside.url]) {
        const of = (rendition: string, number: number) =>
          get(`${origin}${new URL(this.#event.readUrl).pathname}/${rendition}/${number}.m4s`);
        const [masked, other] = [await of("r1", numbers[0]!), await of("r2", numbers[0]!)];
        if (masked.status !== 404 || (masked.maxAgeMs ?? 9e9) > 1_000 || other.status !== 200) {
          throw new Error(`${masked.status} for ${masked.maxAgeMs} ms, the other rendition ${other.status}`);
        }
        const list = await get(`${origin}/live/${this.#event.id}/r1/index.m3u8`);
        const gaps = [...list.body.toString().matchAll(/#EXT-X-GAP\n(?:#.*\n)*.*\/(\d+)\.m4s/g)].map(([, n]) => n);
        if (gaps.join() !== numbers.join()) throw new Error(`gaps at ${gaps.join()}, masked are ${numbers.join()}`);
      }
      for (const mask of made) await this.#masks.remove(mask);
      await until(() => this.#demand(numbers, before), BACK_MS);
      return "on both origins";
    });
  }

  /** With masks of what has come and of all that will. */
  async everythingKilled(): Promise<void> {
    await this.#scene.report.check(
      "everything is killed with -9 and starts again: still masked, until removed",
      async () => {
        const numbers = this.#settled();
        const victim = await this.#servedFrom(numbers[0]!, "r1");
        const open = await this.#masks.add({ pipeline: "a", rendition: "r2", from: numbers.at(-1)! + 1, to: null });
        const range = await this.#masks.add({ pipeline: victim, rendition: "r1", ...rangeOf(numbers) });
        const settings = { ...this.#settings, ...sameUrls(this.#headwater) };
        for (const watch of this.#watches) await watch.stop();
        process.kill(this.#beside.pid, "SIGKILL");
        await killAll(this.#headwater);
        await this.#beside.stop();
        await this.open(await this.#scene.start(settings));
        const kept = (await this.#masks.all()).map(({ id }) => id);
        if (kept.join() !== [open.id, range.id].join()) throw new Error(`the masks are now ${kept.join()}`);
        await this.#demand(numbers, victim === "a" ? "b" : "a");
        const later = this.#settled();
        await this.#demand(later, "b", "r2");
        for (const mask of [open, range]) await this.#masks.remove(mask);
        await until(() => this.#demand(numbers, victim), BACK_MS);
        return `${numbers.join()} of r1, and r2 from ${open.from} on: seen at ${later.join()}`;
      },
    );
  }

  /** Of numbers that both pipelines have sent and that are settled. */
  #settled(): number[] {
    const [a, b] = this.#traffic.pipelines.map(({ sent }) => new Set(sent.filter(isThere).map(({ number }) => number)));
    const newest = Math.floor(Date.now() / DURATION_MS) - SETTLED_NUMBERS;
    for (let last = newest; last > newest - 40; last -= 1) {
      const numbers = Array.from({ length: NUMBERS + 1 }, (_, n) => last - NUMBERS + n);
      if (numbers.every((number) => a!.has(number) && b!.has(number))) return numbers.slice(1);
    }
    throw new Error("no numbers have been sent by both pipelines");
  }

  async #servedFrom(number: number, rendition: string): Promise<string> {
    const path = `${rendition}/${number}.m4s`;
    return (await this.#look([path])).get(path)!;
  }

  /** The pipeline that each is served from, by both origins. */
  async #look(paths: readonly string[]): Promise<Map<string, string>> {
    const served = new Map<string, string>();
    for (const path of paths) {
      const [one, two] = await Promise.all(this.#watches.map((watch) => watch.read(path)));
      if (one!.pipeline === undefined || one!.pipeline !== two!.pipeline) {
        throw new Error(`unlike: ${said(one!)}; ${said(two!)}`);
      }
      served.set(path, one!.pipeline);
    }
    return served;
  }

  /** Rejects unless both origins serve the first of the numbers from that pipeline. */
  async #demand([first]: readonly number[], pipeline: string, rendition = "r1"): Promise<void> {
    const served = await this.#servedFrom(first!, rendition);
    if (served !== pipeline) throw new Error(`${rendition}/${first} is served from ${served}, not ${pipeline}`);
  }
}

const isThere = ({ status }: { readonly status: number | undefined }) => status === 201 || status === 200;
const rangeOf = (numbers: readonly number[]) => ({ from: numbers[0]!, to: numbers.at(-1)! });
const said = ({ path, status, pipeline }: Seen) => `${path} ${status} ${pipeline ?? ""}`;
