import { Agent } from "node:http";
import { initSegment } from "@headwater/infra";
import { CHUNK_BYTES } from "@headwater/kv";
import { demandNone } from "../live.ts";
import { backWithinMs, type Fault, type Scene } from "../scene.ts";
import { type Ask, askHeaders, type Step, visibleAt } from "../steps/step.ts";
import { StruckPublisher } from "../steps/struck-publisher.ts";
import type { Sent, SentSegments } from "../traffic/encoder.ts";
import { type ClockedEvent, createClockedEvent } from "../traffic/event.ts";
import { describeMs } from "../traffic/figures.ts";
import { segmentBytes } from "../traffic/payload.ts";
import { isAcknowledged, put } from "../traffic/put.ts";
import { seededRandom } from "../traffic/random.ts";
import { patiently, readBack } from "../traffic/read-back.ts";
import { readByOthers } from "../traffic/read-by-others.ts";
import { ALL_STORES } from "../world.ts";

const DURATION_MS = 2_000;
const SIZES = { minBytes: 200_000, maxBytes: 1_200_000 };
/** A write that is held waits for the others of its round. */
const HELD_MS = 60_000;
const AT_ONCE = 4;

/** A write that is under way when its publisher dies. */
interface Trial extends Sent {
  readonly step: Step;
  readonly isDeadly: boolean;
}

/**
 * Writes are stopped at each step, many in each publisher, and the last of them kills it: 1000 writes at 25 deaths.
 * What was acknowledged is there; anything else is there whole, or not at all, as its step says.
 */
export const publisherAtSteps: Fault = {
  does: "The publisher dies by SIGKILL with 40 writes under way, each at a step that is known: 1000 writes",
  stores: ALL_STORES,
  deadlineMs: 600_000,
  run: async (scene) => {
    const { brief, dir } = scene;
    const headwater = await scene.start({ HEADWATER_DVR_READS_PER_SECOND: "10000" });
    const created = await createClockedEvent(headwater, "faults", DURATION_MS);
    const publisher = await StruckPublisher.start(dir, headwater);
    const event = { ...created, publishUrl: publisher.url + new URL(created.publishUrl).pathname };
    const trials = new Trials(scene, event, publisher, brief ? 12 : 40);
    try {
      for (let round = 0; round < (brief ? 2 : 25); round++) await trials.strike(round);
    } finally {
      await publisher.stop();
      trials.close();
    }
    await trials.judge();
  },
};

class Trials implements SentSegments {
  readonly event: ClockedEvent;
  readonly sent: Trial[] = [];
  readonly #scene: Scene;
  readonly #publisher: StruckPublisher;
  readonly #count: number;
  readonly #random: () => number;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  readonly #first = Math.floor(Date.now() / DURATION_MS) - 100;
  readonly #lost: string[] = [];
  readonly #partial: string[] = [];
  readonly #unlike: string[] = [];
  readonly #refused: string[] = [];
  readonly #found = new Map<string, { whole: number; absent: number }>();
  readonly #readyMs: number[] = [];
  #acknowledged = 0;

  constructor(scene: Scene, event: ClockedEvent, publisher: StruckPublisher, count: number) {
    this.#scene = scene;
    this.event = event;
    this.#publisher = publisher;
    this.#count = count;
    this.#random = seededRandom(`${scene.seed}/steps`);
  }

  bytesOf({ rendition, number }: Sent): Buffer {
    const { seed } = this.#scene;
    return segmentBytes({ event: this.event.id, rendition, number }, { seed, durationMs: DURATION_MS, ...SIZES });
  }

  isWhole(one: Sent, body: Buffer): boolean {
    return body.equals(this.bytesOf(one));
  }

  urlOf({ rendition, number }: Sent): string {
    return `${this.event.readUrl}/${rendition}/${number}.m4s`;
  }

  /** One death. The encoders then send everything again. */
  async strike(round: number): Promise<void> {
    const trials = this.#newTrials(round);
    for (const { rendition } of trials)
      if (round === 0 || rendition.startsWith("new")) await put(this.event, `${rendition}/init.mp4`, initSegment());
    const deadly = trials.at(-1)!;
    const answered = trials.filter(({ step }) => step === "answered");
    const held = trials.filter((trial) => trial !== deadly && trial.step !== "answered");
    const ending = held.map((trial) => this.#send(trial));
    await this.#publisher.haveReached(held.map(idOf));
    await Promise.all(answered.map((trial) => this.#send(trial)));
    await this.#readAll(trials, (trial, isWhole) => {
      if (isWhole && visibleAt(trial.step) === "no") this.#unlike.push(`${describe(trial)} was visible`);
    });
    ending.push(this.#send(deadly));
    await this.#publisher.isDead();
    await Promise.all(ending);
    this.#readyMs.push(await this.#publisher.startAgain());
    await this.#readAll(trials, (trial, isWhole) => this.#judgeOne(trial, isWhole));
    for (const trial of trials) await this.#sendAgain(trial);
    this.sent.push(...trials);
  }

  async judge(): Promise<void> {
    const { report, brief, world, dir } = this.#scene;
    const withinMs = backWithinMs(this.#scene);
    await report.check("no acknowledgement was lost", async () => {
      demandNone(this.#lost);
      return `${this.#acknowledged} acknowledged of ${this.sent.length} writes, ${this.#readyMs.length} deaths`;
    });
    await report.check("no value was partial", async () => demandNone(this.#partial));
    await report.check("a write is there if its row was written, and only then", async () => {
      demandNone(this.#unlike);
      const found = [...this.#found].sort(([a], [b]) => STEPS.indexOf(a) - STEPS.indexOf(b));
      return found.map(([step, { whole, absent }]) => `${step} ${whole} of ${whole + absent}`).join(", ");
    });
    await report.check("each is taken when it is sent again", async () => demandNone(this.#refused));
    await report.check(`the publisher is ready again in < ${withinMs / 1000} s`, async () => {
      demandNone(this.#readyMs.filter((ms) => ms > withinMs).map((ms) => `${ms.toFixed(0)} ms`));
      return describeMs(this.#readyMs);
    });
    await report.check("read back", () => readBack(this));
    if (world.settings.HEADWATER_STORE === "cassandra" && !brief) await readByOthers(report, this, world, dir);
  }

  close(): void {
    this.#agent.destroy();
  }

  /** One a rendition, as its writes go one after the other; the rows that lead to a segment are written once for each. */
  #newTrials(round: number): Trial[] {
    const at = (rendition: string, isDeadly: boolean, stepOf: (sizeBytes: number) => Step): Trial => {
      const name = { rendition, number: this.#first + round, status: undefined, tookMs: 0, endedMs: undefined };
      return { ...name, isDeadly, step: stepOf(this.bytesOf(name as Sent).length) };
    };
    const pick = (steps: readonly Step[]): Step => steps[Math.floor(this.#random() * steps.length)]!;
    const renditions = Array.from({ length: this.#count - 2 }, (_, i) => `r${i}`);
    return [
      ...renditions.map((rendition) => at(rendition, false, (size) => pick([...stepsOf(size), "answered"]))),
      at(`new${round}`, false, () => "leading rows"),
      at("deadly", true, (size) => (round % 2 === 0 ? "row under way" : pick(stepsOf(size)))),
    ];
  }

  async #send(trial: Trial): Promise<void> {
    const bytes = this.bytesOf(trial);
    const bodyBytes = trial.step === "body" ? 1 + Math.floor(this.#random() * (bytes.length - 1)) : bytes.length;
    const ask: Ask = { id: idOf(trial), step: trial.step, isDeadly: trial.isDeadly, bodyBytes };
    const result = await put(this.event, `${trial.rendition}/${trial.number}.m4s`, bytes, {
      headers: askHeaders(ask),
      timeoutMs: HELD_MS,
      ...(trial.step === "body" && { stopAfterBytes: bodyBytes }),
    });
    Object.assign(trial, result);
    if (isAcknowledged(trial)) this.#acknowledged += 1;
    if (isAcknowledged(trial) !== (trial.step === "answered"))
      this.#unlike.push(`${describe(trial)} was answered ${trial.status ?? "not at all"}`);
  }

  #judgeOne(trial: Trial, isWhole: boolean): void {
    if (isAcknowledged(trial) && !isWhole) this.#lost.push(describe(trial));
    const expected = visibleAt(trial.step);
    if (expected !== "maybe" && isWhole !== (expected === "yes"))
      this.#unlike.push(`${describe(trial)} is ${isWhole ? "there" : "not there"}`);
    const step = trial.step.replace(/\d+/, "n");
    const found = this.#found.get(step) ?? { whole: 0, absent: 0 };
    this.#found.set(step, found);
    if (isWhole) found.whole += 1;
    else found.absent += 1;
  }

  async #readAll(trials: readonly Trial[], judge: (trial: Trial, isWhole: boolean) => void): Promise<void> {
    const read = async (trial: Trial) => {
      const { status, body } = await patiently(this.urlOf(trial), this.#agent);
      const isWhole = status === 200 && body.equals(this.bytesOf(trial));
      if (isWhole || status === 404 || status === 410) judge(trial, isWhole);
      else this.#partial.push(`${describe(trial)}: ${status}, ${body.length} bytes`);
    };
    await Promise.all(trials.map(read));
  }

  async #sendAgain(trial: Trial): Promise<void> {
    const result = await put(this.event, `${trial.rendition}/${trial.number}.m4s`, this.bytesOf(trial));
    Object.assign(trial, result);
    if (!isAcknowledged(trial)) this.#refused.push(`${describe(trial)}: ${trial.status ?? "no answer"}`);
  }
}

/** As they are counted. */
const STEPS = [
  ...["body", "chunk n", "chunk n stored", "sealed", "leading rows"],
  ...["row next", "row under way", "row written", "answer next", "answered"],
];

/** All but the last, at which it is answered, and the rows that lead to it. */
function stepsOf(sizeBytes: number): Step[] {
  const chunks = Array.from({ length: Math.ceil(sizeBytes / CHUNK_BYTES) }, (_, n) => n);
  return [
    "body",
    ...chunks.flatMap((n): Step[] => [`chunk ${n}`, `chunk ${n} stored`]),
    "sealed",
    "row next",
    "row written",
    "answer next",
  ];
}

const idOf = ({ rendition, number }: Trial) => `${rendition}/${number}`;
const describe = (trial: Trial) => `${idOf(trial)} at ${trial.step}`;
