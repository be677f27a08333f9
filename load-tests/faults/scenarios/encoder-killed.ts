import { Agent } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { initSegment } from "@headwater/infra";
import { demandNone } from "../live.ts";
import type { Fault, Scene } from "../scene.ts";
import { type CutPut, cutPut, DEATHS, FRAMINGS } from "../traffic/cut-put.ts";
import { type ClockedEvent, createPipelines } from "../traffic/event.ts";
import { describeMs } from "../traffic/figures.ts";
import { type Got, get } from "../traffic/get.ts";
import { segmentBytes } from "../traffic/payload.ts";
import { put } from "../traffic/put.ts";
import { seededRandom } from "../traffic/random.ts";
import { ALL_STORES } from "../world.ts";
import { WARM_UP_MS } from "./one-node.ts";

const DURATION_MS = 2_000;
/** How many parts of a body an encoder may have sent when it dies. */
const OFFSETS = 20;
/** More than a publisher needs to notice a closed socket, and to commit if it wrongly did. */
const AFTERMATH_MS = 300;
const ASK_AGAIN_MS = 100;
/** The other pipeline's copy is answered within a segment's duration; a test run shares the machine with others. */
const withinMs = ({ brief }: Scene) => (brief ? 3 : 1) * DURATION_MS;

/**
 * In each rendition encoder A dies within its segment while encoder B sends its own copy, and a reader waits for the
 * number. It is given B's copy and never a byte of A's; of A's encoder, when it comes back, the whole is taken.
 */
export const encoderKilled: Fault = {
  does: "Encoders die at 20 places of their segments, with a FIN or a RST, 1000 times, while a second pipeline goes on",
  stores: ALL_STORES,
  deadlineMs: 240_000,
  run: async (scene) => {
    const headwater = await scene.start();
    const pipelines = await createPipelines(headwater, {
      id: "faults",
      durationMs: DURATION_MS,
      pipelines: ["a", "b"],
    });
    const renditions = Array.from({ length: scene.brief ? 10 : 25 }, (_, i) => `r${i}`);
    const deaths = new Deaths(scene, pipelines, renditions);
    await deaths.sendInits();
    const warmUps = scene.brief ? 0 : WARM_UP_MS / DURATION_MS;
    const first = Math.floor(Date.now() / DURATION_MS) + 1;
    for (let number = first; number < first + warmUps + (scene.brief ? 2 : 40); number++) {
      await sleep(Math.max(0, (number + 1) * DURATION_MS - Date.now()));
      await (number < first + warmUps ? deaths.sendWhole(number) : deaths.happen(number));
    }
    await deaths.judge();
  },
};

class Deaths {
  readonly #scene: Scene;
  readonly #a: ClockedEvent;
  readonly #b: ClockedEvent;
  readonly #renditions: readonly string[];
  readonly #random: () => number;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #torn: string[] = [];
  readonly #unanswered: string[] = [];
  readonly #refused: string[] = [];
  readonly #tookMs: number[] = [];
  #count = 0;
  #reads = 0;

  constructor(scene: Scene, pipelines: readonly ClockedEvent[], renditions: readonly string[]) {
    this.#scene = scene;
    this.#a = pipelines[0]!;
    this.#b = pipelines[1]!;
    this.#renditions = renditions;
    this.#random = seededRandom(`${scene.seed}/deaths`);
  }

  async sendInits(): Promise<void> {
    for (const rendition of this.#renditions)
      for (const event of [this.#a, this.#b]) await put(event, `${rendition}/init.mp4`, initSegment());
  }

  /** As it goes when nobody dies. */
  async sendWhole(number: number): Promise<void> {
    const send = (event: ClockedEvent, pipeline: string, rendition: string) =>
      put(event, `${rendition}/${number}.m4s`, this.#bytesOf(pipeline, rendition, number));
    await Promise.all(
      this.#renditions.flatMap((rendition) => [send(this.#a, "a", rendition), send(this.#b, "b", rendition)]),
    );
  }

  async happen(number: number): Promise<void> {
    await Promise.all(this.#renditions.map((rendition) => this.#die(rendition, number)));
  }

  async judge(): Promise<void> {
    const { report } = this.#scene;
    this.#agent.destroy();
    await report.check("nothing of a cut segment was visible", async () => {
      demandNone(this.#torn);
      return `${this.#count} encoders died, ${this.#reads} reads`;
    });
    await report.check(`the other pipeline's copy is answered in < ${withinMs(this.#scene) / 1000} s`, async () => {
      demandNone(this.#unanswered);
      return `after the death ${describeMs(this.#tookMs)}`;
    });
    await report.check("the same segment is taken when it comes whole", async () => demandNone(this.#refused));
  }

  async #die(rendition: string, number: number): Promise<void> {
    const cut = this.#cut();
    const how = `${rendition}/${number}, ${cut.framing}, ${cut.death} at ${cut.share.toFixed(4)}`;
    const path = `${rendition}/${number}.m4s`;
    const ofA = this.#bytesOf("a", rendition, number);
    const ofB = this.#bytesOf("b", rendition, number);
    const dead = cutPut(this.#a, path, ofA, cut).then(() => performance.now());
    const answered = this.#readUntilServed(`${this.#a.readUrl}/${path}`, ofB, how);
    const { status } = await put(this.#b, path, ofB);
    if (status !== 201) this.#refused.push(`${how}: the other copy ${status ?? "no answer"}`);
    const tookMs = (await answered) - (await dead);
    this.#tookMs.push(Math.max(0, tookMs));
    if (!(tookMs < withinMs(this.#scene))) this.#unanswered.push(`${how}: ${tookMs.toFixed(0)} ms`);
    await sleep(AFTERMATH_MS);
    await this.#read(`${this.#a.readUrl}/${path}`, [ofB], how);
    const again = await put(this.#a, path, ofA);
    if (again.status !== 201) this.#refused.push(`${how}: ${again.status ?? "no answer"}`);
    await this.#read(`${this.#a.readUrl}/${path}`, [ofA, ofB], how);
  }

  /** The last byte is the most tempting one to do without. */
  #cut(): CutPut {
    const offset = this.#count++ % OFFSETS;
    const share = offset === OFFSETS - 1 ? 1 : (offset + this.#random()) / OFFSETS;
    const pick = <T>(of: readonly T[]): T => of[Math.floor(this.#random() * of.length)]!;
    return { share, framing: pick(FRAMINGS), death: pick(DEATHS) };
  }

  /** Resolves to when the copy was there, whole; `performance.now()`. */
  async #readUntilServed(url: string, bytes: Buffer, how: string): Promise<number> {
    const giveUpMs = performance.now() + 5 * DURATION_MS;
    while (performance.now() < giveUpMs) {
      const got = await this.#read(url, [bytes], how);
      if (got?.status === 200) return performance.now();
      await sleep(ASK_AGAIN_MS);
    }
    return Number.POSITIVE_INFINITY;
  }

  /** Only these bytes may be served; undefined when the read failed. */
  async #read(url: string, copies: readonly Buffer[], how: string): Promise<Got | undefined> {
    this.#reads += 1;
    const got = await get(url, this.#agent).catch((error: Error) => error);
    if (got instanceof Error) {
      this.#unanswered.push(`${how}: ${got.message}`);
      return undefined;
    }
    const isRight = copies.some((bytes) => got.body.equals(bytes));
    if (got.status === 200 && !isRight) this.#torn.push(`${how}: ${got.body.length} bytes`);
    return got;
  }

  #bytesOf(pipeline: string, rendition: string, number: number): Buffer {
    const payload = { seed: this.#scene.seed, durationMs: DURATION_MS, minBytes: 100_000, maxBytes: 700_000 };
    return segmentBytes({ event: `${this.#a.id}/${pipeline}`, rendition, number }, payload);
  }
}
