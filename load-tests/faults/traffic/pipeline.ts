import { type EncoderOptions, type KnownSegments, SeededEncoder, type Sent, type SentSegments } from "./encoder.ts";
import { isAcknowledged } from "./put.ts";

/** One pipeline of an event, whose encoder may be replaced by another one. Its bytes are its own. */
export class Pipeline implements SentSegments {
  readonly event: SentSegments["event"];
  readonly #options: EncoderOptions;
  readonly #encoders: SeededEncoder[] = [];

  constructor(options: EncoderOptions) {
    const { event, seed } = options;
    this.event = event;
    this.#options = { ...options, seed: `${seed}/${event.pipeline}` };
    this.startAgain();
  }

  get sent(): readonly Sent[] {
    return this.#encoders.flatMap(({ sent }) => sent);
  }

  bytesOf(one: Sent): Buffer {
    return this.#newest.bytesOf(one);
  }

  urlOf(one: Sent): string {
    return this.#newest.urlOf(one);
  }

  isWhole(one: Sent, body: Buffer): boolean {
    return this.#newest.isWhole(one, body);
  }

  kill(): Promise<void> {
    return this.#newest.kill();
  }

  startAgain(): void {
    this.#encoders.push(new SeededEncoder(this.#options));
  }

  async stop(): Promise<void> {
    await this.#newest.stop();
  }

  get #newest(): SeededEncoder {
    return this.#encoders.at(-1)!;
  }
}

/** A segment as each pipeline sends it: it is acknowledged when the first of them is. */
class Copies implements Sent {
  readonly rendition: string;
  readonly number: number;
  readonly sent: Sent[] = [];

  constructor({ rendition, number }: Sent) {
    this.rendition = rendition;
    this.number = number;
  }

  get status(): number | undefined {
    return this.#first.status;
  }

  get tookMs(): number {
    return this.#first.tookMs;
  }

  get endedMs(): number | undefined {
    return this.#first.endedMs;
  }

  get #first(): Sent {
    const acknowledged = this.sent.filter(isAcknowledged);
    return acknowledged.toSorted((a, b) => a.endedMs! - b.endedMs!)[0] ?? this.sent[0]!;
  }
}

/** What several pipelines send to one event: whichever copy is served, it has to be whole. */
export class Redundant implements KnownSegments {
  readonly sent: Sent[] = [];
  readonly pipelines: readonly Pipeline[];
  readonly #byName = new Map<string, Copies>();

  /** Starts them. `options`: of all of them. */
  constructor(events: readonly SentSegments["event"][], options: Omit<EncoderOptions, "event" | "onSent">) {
    this.pipelines = events.map(
      (event) => new Pipeline({ ...options, event, onSent: (sent) => this.#copiesOf(sent).sent.push(sent) }),
    );
  }

  get event(): KnownSegments["event"] {
    return this.pipelines[0]!.event;
  }

  urlOf(one: Sent): string {
    return this.pipelines[0]!.urlOf(one);
  }

  isWhole(one: Sent, body: Buffer): boolean {
    return this.pipelines.some((pipeline) => pipeline.isWhole(one, body));
  }

  async stop(): Promise<void> {
    await Promise.all(this.pipelines.map((pipeline) => pipeline.stop()));
  }

  #copiesOf(sent: Sent): Copies {
    const name = `${sent.rendition}/${sent.number}`;
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    const copies = new Copies(sent);
    this.#byName.set(name, copies);
    this.sent.push(copies);
    return copies;
  }
}
