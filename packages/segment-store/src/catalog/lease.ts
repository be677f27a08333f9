import { answerWithin } from "@headwater/kv";

/** What is asked about is read again when the last read is so old. */
const REREAD_MS = 400;
/** Nothing is answered from an older read, unless somebody vouches for what it has not seen. */
const LEASE_MS = 700;
/** Without news for this long, notices vouch for nothing. */
const SILENCE_MS = 500;
/** Notices alone are believed for so long: a writer that cannot reach them is forgotten by them after that time. */
const TOLD_MS = 10_000;
/** Reads are left to chance for so long, where notices vouch: a store that is out of reach is known before they may not. */
const IN_BACKGROUND_MS = 5000;
/** A store that takes longer counts as one that does not answer. */
const ATTEMPT_MS = 1000;
/** Reads that must fail one after the other before a store counts as out of reach, and how fresh the last failure is. */
const FAILURES = 2;
const DOWN_MS = 2000;

export interface LeaseOptions {
  /** Up to when notices have told of everything. */
  readonly completeUntilMs: () => number;
  /** Whether a read that nobody waits for would keep nobody else from reading. */
  readonly hasRoom: () => boolean;
  /** Reads the view from the store. `background`: nobody waits for it. */
  readonly read: (background: boolean) => Promise<void>;
}

/**
 * How old the knowledge is from which this process answers, where an answer from older knowledge than a second would
 * break a promise. Being asked keeps it young: reads run beside the answers, which wait for one only when nothing else
 * vouches for them (after a pause, a start, or with notices lost). With the store out of reach what is known has to do.
 */
export class Lease {
  readonly #options: LeaseOptions;
  /** When the last read that succeeded began. */
  #readAtMs = Number.NEGATIVE_INFINITY;
  #begunAtMs = Number.NEGATIVE_INFINITY;
  #attempt: Promise<void> | undefined;
  #gaps = 0;
  /** The gaps that the last read has seen over. */
  #mended = 0;
  #failures = 0;
  #failedAtMs = Number.NEGATIVE_INFINITY;
  #error: unknown;

  constructor(options: LeaseOptions) {
    this.#options = options;
  }

  /** Notices were lost: only a new read makes up for them. */
  gap(): void {
    this.#gaps += 1;
  }

  /** Whether an answer may be given from what is known. Begins the next read where it is due. */
  isHeld(nowMs: number): boolean {
    if (isWithin(REREAD_MS, this.#readAtMs, nowMs)) return true;
    const isTold = this.#isTold(nowMs);
    const isDue = this.#attempt === undefined && !isWithin(REREAD_MS, this.#begunAtMs, nowMs);
    const isBackground = isTold && isWithin(IN_BACKGROUND_MS, this.#readAtMs, nowMs);
    if (isDue && (!isBackground || this.#options.hasRoom())) this.#begin(nowMs, isBackground).catch(() => {}); // It is counted.
    return isTold || isWithin(LEASE_MS, this.#readAtMs, nowMs) || (this.#wasRead && this.#isDown(nowMs));
  }

  /** Resolves when an answer may be given. Rejects as the read did if the view could never be read. */
  async ensure(nowMs: number): Promise<void> {
    // A read under way may have begun too early, and one that a pause has interrupted fails for nothing.
    for (let reads = 0; reads <= FAILURES && !this.isHeld(nowMs); reads += 1) {
      if (!this.#wasRead && this.#isDown(nowMs)) break;
      await (this.#attempt ?? this.#begin(nowMs, false)).catch(() => {}); // It is counted.
    }
    if (!this.#wasRead) throw this.#error;
  }

  /** Reads now, however young the last read is. Rejects as the read does. */
  renew(nowMs: number): Promise<void> {
    return this.#begin(nowMs, false);
  }

  get #wasRead(): boolean {
    return this.#readAtMs > Number.NEGATIVE_INFINITY;
  }

  #isTold(nowMs: number): boolean {
    // Asked first, always: what notices have brought meanwhile is handed over by it.
    const completeUntilMs = this.#options.completeUntilMs();
    const isSound = completeUntilMs >= nowMs - SILENCE_MS && this.#mended === this.#gaps;
    return isSound && isWithin(TOLD_MS, this.#readAtMs, nowMs);
  }

  #isDown(nowMs: number): boolean {
    return this.#failures >= FAILURES && isWithin(DOWN_MS, this.#failedAtMs, nowMs);
  }

  #begin(nowMs: number, background: boolean): Promise<void> {
    this.#begunAtMs = nowMs;
    const attempt = this.#read(nowMs, background).finally(() => {
      if (this.#attempt === attempt) this.#attempt = undefined;
    });
    this.#attempt = attempt;
    return attempt;
  }

  async #read(nowMs: number, background: boolean): Promise<void> {
    const gaps = this.#gaps;
    const fromMs = performance.now();
    try {
      await answerWithin(ATTEMPT_MS, this.#options.read(background));
      this.#readAtMs = nowMs;
      this.#mended = gaps;
      this.#failures = 0;
    } catch (error) {
      this.#failures += 1;
      this.#failedAtMs = nowMs + (performance.now() - fromMs);
      this.#error = error;
      throw error;
    }
  }
}

/** A clock set back by more than that would keep what is old young for as long. */
const isWithin = (maxAgeMs: number, atMs: number, nowMs: number): boolean => Math.abs(nowMs - atMs) < maxAgeMs;
