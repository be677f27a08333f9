import type { Headwater } from "../proof/harness/headwater.ts";
import { lossOf } from "./report/loss.ts";
import { type Scene, visibleWithinMs } from "./scene.ts";
import { type EncoderOptions, SeededEncoder } from "./traffic/encoder.ts";
import { type ClockedEvent, createClockedEvent } from "./traffic/event.ts";
import { describeMs } from "./traffic/figures.ts";
import { readBack } from "./traffic/read-back.ts";
import { readByOthers } from "./traffic/read-by-others.ts";
import { type FailedRead, Readers } from "./traffic/readers.ts";

export interface LiveOptions extends Partial<Omit<EncoderOptions, "event" | "seed">> {
  readonly durationMs?: number;
  readonly readers?: number;
  /** The event as it is reached by another way. */
  readonly through?: (event: ClockedEvent) => ClockedEvent;
}

/** A brisk pace: 16 PUTs a second, of several chunks each, so that a blow always falls into some of them. */
const BRISK = {
  durationMs: 250,
  minBytes: 200_000,
  maxBytes: 900_000,
  renditions: ["r1", "r2", "r3", "r4"],
  spread: 0.4,
};

/** One event with its encoder, whose segments are read while they come. */
export class Live {
  readonly encoder: SeededEncoder;
  readonly readers: Readers;
  readonly #scene: Scene;
  readonly #report: Scene["report"];
  readonly #visibleWithinMs: number;

  constructor(scene: Scene, encoder: SeededEncoder, count: number) {
    this.#scene = scene;
    this.#report = scene.report;
    this.#visibleWithinMs = visibleWithinMs(scene);
    this.encoder = encoder;
    this.readers = new Readers({ encoder, seed: scene.seed, visibleWithinMs: this.#visibleWithinMs, count });
  }

  static async start(scene: Scene, headwater: Headwater, options: LiveOptions = {}): Promise<Live> {
    const { durationMs, readers = 3, through = (event: ClockedEvent) => event, ...encoder } = { ...BRISK, ...options };
    const event = through(await createClockedEvent(headwater, "faults", durationMs));
    return new Live(scene, new SeededEncoder({ event, seed: scene.seed, ...encoder }), readers);
  }

  /** The encoder first, so that everything it sent is still looked at. May be called again. */
  async stop(): Promise<void> {
    await this.encoder.stop();
    await this.readers.stop();
  }

  /** The checks that every fault has, once all has stopped. `mayFail`: reads that this fault is allowed to cost. */
  async judge(mayFail: (read: FailedRead) => boolean = () => false): Promise<void> {
    const { encoder, readers } = this;
    await judgeReads(this.#report, readers, this.#visibleWithinMs, mayFail);
    const isBack = await this.#report.check("read back", () => readBack(encoder));
    this.#report.loss = { ...lossOf(encoder.sent, readers), isBack };
    const { brief, dir, world } = this.#scene;
    if (world.settings.HEADWATER_STORE === "cassandra" && !brief) await readByOthers(this.#report, encoder, world, dir);
  }

  /** Every PUT so far was acknowledged. */
  async judgePuts(): Promise<void> {
    await this.#report.check("no PUT failed", async () => {
      const { sent, failed } = this.encoder;
      demandNone(failed.map(({ rendition, number, status }) => `${rendition}/${number}: ${status ?? "no answer"}`));
      return `${sent.length} PUTs, last byte to answer ${describeMs(sent.map(({ tookMs }) => tookMs))}`;
    });
  }

  /** From last byte to answer, of the PUTs that ended in a span of `performance.now()`. */
  putsMs(fromMs: number, toMs: number): number[] {
    const ended = this.encoder.sent.filter(({ endedMs = 0 }) => endedMs >= fromMs && endedMs < toMs);
    return ended.map(({ tookMs }) => tookMs);
  }
}

/** What readers saw while segments came. */
export async function judgeReads(
  report: Scene["report"],
  readers: Readers,
  visibleMs: number,
  mayFail: (read: FailedRead) => boolean = () => false,
): Promise<void> {
  await report.check("nothing partial was ever visible", async () => {
    demandNone(readers.torn);
    if (readers.served === 0) throw new Error("nothing was ever served");
    return `${readers.served} reads whole, ${readers.absent} too early, ${describeMs(readers.tookMs)}`;
  });
  await report.check(`acknowledged is visible within ${visibleMs} ms`, async () => demandNone(readers.missed));
  await report.check("no read failed that did not have to", async () => {
    demandNone(readers.failed.filter((read) => !mayFail(read)).map(({ what }) => what));
    return `${readers.failed.length} had to`;
  });
}

/** Throws with their number and the first few. */
export function demandNone(wrong: readonly string[]): void {
  if (wrong.length > 0) throw new Error(`${wrong.length}: ${wrong.slice(0, 4).join("; ")}`);
}
