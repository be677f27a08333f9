import { type Asker, Limiter, type Permit } from "../../src/index.ts";

const DVR: Asker = { class: "dvr", edge: "" };

interface Read {
  readonly permit: Permit;
  readonly doneMs: number;
}

/** A tier with a latency and a capacity, simulated: reads beyond what it can do in a second wait inside it. */
export class SlowTier {
  readonly tier: { baseMs: number; perSecond: number };
  readonly limiter: Limiter;
  done = 0;
  #nowMs = 0;
  #freeMs = 0;
  #reads: Read[] = [];

  constructor({ max, targetMs, ...tier }: { max: number; targetMs: number; baseMs: number; perSecond: number }) {
    this.tier = tier;
    this.limiter = new Limiter({ max, targetMs, maxWaiting: 0 });
  }

  /** Offers DVR reads for so long; those that find no room are gone. Returns the limit, millisecond by millisecond. */
  run(forMs: number, offeredPerSecond: number): number[] {
    const limits: number[] = [];
    let offered = 0;
    for (let ms = 0; ms < forMs; ms += 1) {
      this.#nowMs += 1;
      const done = this.#reads.filter(({ doneMs }) => doneMs <= this.#nowMs);
      this.#reads = this.#reads.filter(({ doneMs }) => doneMs > this.#nowMs);
      for (const { permit } of done) permit.end("success", this.#nowMs);
      this.done += done.length;
      for (; offered < (ms * offeredPerSecond) / 1000; offered += 1) this.#offer();
      limits.push(this.limiter.limit);
    }
    return limits;
  }

  #offer(): void {
    this.limiter.enter(DVR, this.#nowMs, (permit) => {
      const { baseMs, perSecond } = this.tier;
      this.#freeMs = Math.max(this.#freeMs, this.#nowMs) + 1000 / perSecond;
      this.#reads.push({ permit, doneMs: Math.max(this.#nowMs + baseMs, this.#freeMs) });
    });
  }
}
