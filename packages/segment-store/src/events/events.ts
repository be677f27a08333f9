import { randomUUID } from "node:crypto";
import { decodeValue, encodeValue, type Kv, nextToken } from "@headwater/kv";
import type { Notices } from "@headwater/notices";
import type { Catalog } from "../catalog/index.ts";
import { Committer } from "../committer.ts";
import { KeyedMutex } from "../keyed-mutex.ts";
import { EVENTS_ID, type EventRecord } from "../model/index.ts";
import { EventError } from "./event-error.ts";
import { newPublishToken } from "./tokens.ts";

/** Everything an event is created with; the caller has validated and defaulted it. */
export type NewEvent = Omit<EventRecord, "uid" | "version" | "createdAtMs" | "deleted" | "end" | "pipelines"> & {
  readonly pipelines: readonly { readonly id: string; readonly region: string }[];
};

/** What may change in an event's life. */
export type EventChange = Partial<
  Pick<
    EventRecord,
    | "publishDelayMs"
    | "holdMs"
    | "retryDeadlineMs"
    | "graceMs"
    | "dvrWindowMs"
    | "liveEdgeSegments"
    | "renditions"
    | "startNumber"
  >
>;

export interface IssuedToken {
  readonly pipeline: string;
  readonly publishToken: string;
  /** When the token before it ends; absent if there was none. */
  readonly previousValidUntilMs?: number;
}

/** Former tokens of a pipeline kept while they overlap. */
const TOKENS_KEPT = 4;
/** A creation that takes longer than this has failed. */
const CLAIM_MS = 10_000;

/** What operators do to events. One row each, changed by one process at a time; every other process follows. */
export class Events {
  readonly #kv: Kv;
  readonly #committer: Committer;
  readonly #nowMs: () => number;
  readonly #mutex = new KeyedMutex();

  constructor(options: { kv: Kv; notices: Notices; catalog: Catalog; nowMs: () => number }) {
    this.#kv = options.kv;
    this.#committer = new Committer(options.kv, options.notices, options.catalog);
    this.#nowMs = options.nowMs;
  }

  /** Rejects with EventError `id-taken`, or KvError. The tokens are shown here and never again. */
  async create(wanted: NewEvent): Promise<{ event: EventRecord; tokens: readonly IssuedToken[] }> {
    return this.#mutex.run(wanted.id, async () => {
      const before = await this.#read(wanted.id);
      if (before !== undefined && !before.event.deleted) throw new EventError("id-taken", `event ${wanted.id} exists`);
      const version = await this.#claim(wanted.id, before?.event.version ?? 0);
      const uid = randomUUID();
      const issued = wanted.pipelines.map(({ id }) => ({ pipeline: id, ...newPublishToken() }));
      const pipelines = wanted.pipelines.map((p, i) => ({ ...p, tokens: [{ sha256: issued[i]!.sha256 }] }));
      const event = { ...wanted, uid, version, createdAtMs: this.#nowMs(), pipelines };
      await this.#write(event, before?.tokenUs);
      return { event, tokens: issued.map(({ pipeline, token }) => ({ pipeline, publishToken: token })) };
    });
  }

  /**
   * `changeOf` gives the change to an event as it stands, and may refuse it by throwing. Rejects with what it throws,
   * EventError `unknown-event`, or KvError; so do all below.
   */
  change(id: string, changeOf: (event: EventRecord) => EventChange): Promise<EventRecord> {
    return this.#update(id, (event) => ({ ...event, ...changeOf(event) }));
  }

  /** The row stays and says that it is deleted: nothing in the store has to be removed, it expires. */
  delete(id: string): Promise<EventRecord> {
    return this.#update(id, (event) => ({ ...event, deleted: true }));
  }

  /** Ends an event after `lastNumber`. Rejects with EventError `ended` too. */
  end(id: string, lastNumber: number | undefined): Promise<EventRecord> {
    return this.#update(id, (event) => {
      if (event.end !== undefined) throw new EventError("ended", `event ${id} has ended`);
      return { ...event, end: { atMs: this.#nowMs(), ...(lastNumber === undefined ? {} : { lastNumber }) } };
    });
  }

  /** Every segment and init URL, so every cache key, turns over. */
  nextVersion(id: string): Promise<EventRecord> {
    return this.#update(id, (event) => ({ ...event, version: event.version + 1 }));
  }

  /** A new token for a pipeline; the one before stays valid for `overlapMs`. Rejects with EventError `unknown-pipeline` too. */
  async rotateToken(id: string, pipelineId: string, overlapMs: number): Promise<IssuedToken> {
    const { token, sha256 } = newPublishToken();
    const previousValidUntilMs = this.#nowMs() + overlapMs;
    await this.#update(id, (event) => {
      if (!event.pipelines.some((pipeline) => pipeline.id === pipelineId)) {
        throw new EventError("unknown-pipeline", `event ${id} has no pipeline ${pipelineId}`);
      }
      const pipelines = event.pipelines.map((pipeline) => {
        if (pipeline.id !== pipelineId) return pipeline;
        const former = pipeline.tokens
          .map((known) => ({
            ...known,
            validUntilMs: Math.min(known.validUntilMs ?? previousValidUntilMs, previousValidUntilMs),
          }))
          .filter((known) => known.validUntilMs > this.#nowMs());
        return { ...pipeline, tokens: [{ sha256 }, ...former].slice(0, TOKENS_KEPT) };
      });
      return { ...event, pipelines };
    });
    return { pipeline: pipelineId, publishToken: token, previousValidUntilMs };
  }

  #update(id: string, change: (event: EventRecord) => EventRecord): Promise<EventRecord> {
    return this.#mutex.run(id, async () => {
      const before = await this.#read(id);
      if (before === undefined || before.event.deleted)
        throw new EventError("unknown-event", `there is no event ${id}`);
      const event = change(before.event);
      await this.#write(event, before.tokenUs);
      return event;
    });
  }

  /**
   * The version of a new event of that name. Of two processes that create it at the same instant one wins; a claim that
   * was never followed by its event (its process died) is passed over.
   */
  async #claim(id: string, above: number): Promise<number> {
    for (let version = above + 1; ; version += 1) {
      const nowMs = this.#nowMs();
      const row = {
        id: "claims",
        key: Buffer.from(`${id}/${version}`),
        value: Buffer.alloc(0),
        tokenUs: nextToken(nowMs),
      };
      const there = await this.#kv.putIfAbsent("control", row);
      if (there === undefined) return version;
      if (nowMs * 1000 - there.tokenUs < CLAIM_MS * 1000)
        throw new EventError("id-taken", `event ${id} is being created`);
    }
  }

  async #read(id: string): Promise<{ event: EventRecord; tokenUs: number } | undefined> {
    const key = Buffer.from(id);
    const page = await this.#kv.range("control", EVENTS_ID, { from: key, to: key, limit: 1 });
    const row = page.rows[0];
    if (row === undefined) return undefined;
    return { event: decodeValue<EventRecord>(row.value).meta, tokenUs: row.tokenUs };
  }

  #write(event: EventRecord, replacedUs: number | undefined): Promise<void> {
    return this.#committer.put("control", {
      id: EVENTS_ID,
      key: Buffer.from(event.id),
      value: encodeValue({ meta: event }),
      tokenUs: nextToken(this.#nowMs(), replacedUs),
    });
  }
}
