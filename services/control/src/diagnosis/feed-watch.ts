import type { Finding } from "@headwater/diagnosis";
import { KvError } from "@headwater/kv";
import type { Catalog, EventView } from "@headwater/segment-store/catalog";
import type { EventRecord } from "@headwater/segment-store/model";
import type { Logger } from "@headwater/service-kit";
import { type Diagnosis, diagnosisOf } from "./diagnosis.ts";

/** How often an event is looked at while segments come, and when none has come for `ACTIVE_MS`. */
const CHECK_MS = 5000;
const IDLE_CHECK_MS = 60_000;
const ACTIVE_MS = 600_000;
/** Events looked at in one round; with more that are due, those longest not looked at come first. */
const MAX_CHECKS = 50;
/** Lines logged about one event in one round. */
const MAX_LINES = 10;

export interface FeedWatchOptions {
  readonly catalog: Catalog;
  readonly logger: Logger;
  readonly nowMs: () => number;
}

/** Looks at the feeds of events that go on, keeps what was found last, and logs what appears and what goes. */
export class FeedWatch {
  readonly #catalog: Catalog;
  readonly #logger: Logger;
  readonly #nowMs: () => number;
  readonly #latest = new Map<string, Diagnosis>();
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> | undefined;

  constructor({ catalog, logger, nowMs }: FeedWatchOptions) {
    this.#catalog = catalog;
    this.#logger = logger;
    this.#nowMs = nowMs;
  }

  start(): void {
    this.#timer = setInterval(() => void this.round(), CHECK_MS);
    this.#timer.unref();
  }

  /** Resolves when no round is under way any more. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#round;
  }

  /** What was found when the event was last looked at; nothing before that. */
  findings({ uid }: EventRecord): readonly Finding[] {
    return this.#latest.get(uid)?.findings ?? [];
  }

  /** Looks at the events that are due, one round at a time. Never rejects: an event that cannot be read keeps its findings. */
  round(): Promise<void> {
    this.#round ??= this.#checkDue().finally(() => {
      this.#round = undefined;
    });
    return this.#round;
  }

  async #checkDue(): Promise<void> {
    const live = this.#catalog.events().filter((event) => event.end === undefined);
    const uids = new Set(live.map(({ uid }) => uid));
    for (const uid of this.#latest.keys()) if (!uids.has(uid)) this.#latest.delete(uid);
    const nowMs = this.#nowMs();
    const checkedAtMs = (event: EventRecord) => this.#latest.get(event.uid)?.atMs ?? 0;
    const due = live
      .filter((event) => nowMs - checkedAtMs(event) >= this.#intervalMs(event, nowMs))
      .sort((a, b) => checkedAtMs(a) - checkedAtMs(b))
      .slice(0, MAX_CHECKS);
    for (const event of due) await this.#check(event);
  }

  #intervalMs(event: EventRecord, nowMs: number): number {
    if (!this.#latest.has(event.uid)) return 0;
    const activeAtMs = Math.max(event.createdAtMs, lastCommitMs(this.#catalog.view(event)));
    // Timers come a little early or late: half a round is on time.
    return (nowMs - activeAtMs < ACTIVE_MS ? CHECK_MS : IDLE_CHECK_MS) - CHECK_MS / 2;
  }

  async #check(event: EventRecord): Promise<void> {
    const before = this.#latest.get(event.uid);
    try {
      const diagnosis = await diagnosisOf(this.#catalog.view(event), this.#nowMs());
      this.#latest.set(event.uid, diagnosis);
      this.#log(event, before?.findings ?? [], diagnosis.findings);
    } catch (err) {
      this.#latest.set(event.uid, { atMs: this.#nowMs(), findings: before?.findings ?? [] });
      // The store's failures have their own signs: `/readyz` and `headwater_control_stale`.
      this.#logger[err instanceof KvError ? "debug" : "error"]({ err, event: event.id }, "a feed could not be read");
    }
  }

  #log({ id }: EventRecord, before: readonly Finding[], now: readonly Finding[]): void {
    const [known, present] = [new Set(before.map(keyOf)), new Set(now.map(keyOf))];
    const appeared = now.filter((finding) => !known.has(keyOf(finding)));
    const gone = before.filter((finding) => !present.has(keyOf(finding)));
    for (const { message, ...finding } of appeared.slice(0, MAX_LINES)) {
      const level = finding.severity === "info" ? "info" : "warn";
      this.#logger[level]({ event: id, ...finding }, `the feed of ${id}: ${message}`);
    }
    for (const { message, ...finding } of gone.slice(0, MAX_LINES)) {
      this.#logger.info({ event: id, ...finding }, `the feed of ${id}, no longer: ${message}`);
    }
  }
}

/** A finding is the same while its numbers change. */
const keyOf = ({ code, rendition = "", pipeline = "" }: Finding): string => `${code}/${rendition}/${pipeline}`;

/** A stream whose tail nobody has read yet has only just begun. */
function lastCommitMs(view: EventView): number {
  const tails = view.shape.all("stream").map(({ rendition }) => view.tail(rendition).lastCommitMs);
  return Math.max(0, ...tails.map((ms) => (ms === 0 ? Number.POSITIVE_INFINITY : ms)));
}
