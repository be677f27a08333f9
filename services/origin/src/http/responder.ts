import {
  CORS,
  CORS_PREFLIGHT,
  cacheStatus,
  contentRange,
  type Evaluation,
  evaluate,
  freshness,
  HEADER,
  httpDate,
  PROBLEM_CONTENT_TYPE,
  problem,
  surrogateKeyHeaders,
  surrogateKeys,
  templateHeader,
} from "@headwater/edge-protocol";
import { KvError } from "@headwater/kv";
import { templateOf } from "@headwater/segment-store/catalog";
import { ReadRefused, type Tier } from "@headwater/segment-store/reader";
import {
  type Clock,
  type Distribution,
  KEEP_ALIVE_MS,
  type Logger,
  type Metrics,
  type Series,
} from "@headwater/service-kit";
import { isUnknown, type Underway } from "../guard/underway.ts";
import { type Answer, answerFor, type OriginDecision, ofOlderVersion } from "./answers.ts";
import { sendBody, sliceChunks } from "./body.ts";
import type { Exchange, RequestClass, Subject } from "./exchange.ts";
import { type Lines, lines, plainLines, writeHead } from "./head.ts";
import type { Turns } from "./turns.ts";

type HeaderValues = Readonly<Record<string, string>>;

/** Something with a body, of which a request may want a part or nothing. */
export interface Representation {
  /** Strong, without its quotes. */
  readonly etag: string;
  readonly lastModifiedMs: number;
  readonly sizeBytes: number;
  readonly contentType: string;
  /** What else is said of it, on 200, 206 and 304. */
  readonly headers: HeaderValues;
  /** The pipeline and region of a copy, for its keys. */
  readonly copy?: { readonly pipeline: string; readonly region: string };
  /** Told when a body goes out, whole or in part. */
  onBody?(): void;
}

/**
 * The body of a representation, asked for only where one is due; at once where memory has it. Rejects with KvError.
 * `lent`: what another answer that is being sent has of it, in place of a read.
 */
export type Open = (lent: Opened | undefined) => Opened | Promise<Opened>;

interface Opened {
  readonly chunks: readonly Buffer[];
  readonly tier: Tier;
}

export interface ResponderOptions {
  readonly clock: Clock;
  readonly metrics: Pick<Metrics, "originRequestsTotal" | "originSeconds" | "shedTotal">;
  readonly logger: Logger;
  readonly turns: Turns;
  readonly underway: Pick<Underway, "takesMedia" | "chunksOf" | "keepChunks">;
  readonly firstIdleMs: number;
  /** Monotonic. */
  readonly elapsedMs: () => number;
}

/** Writes answers: the status and lifetime of a decision, and the headers that the contract promises on it. */
export class Responder {
  readonly #clock: Clock;
  readonly #metrics: ResponderOptions["metrics"];
  readonly #logger: Logger;
  readonly #turns: Turns;
  readonly #underway: ResponderOptions["underway"];
  readonly #firstIdleSec: number;
  readonly #elapsedMs: () => number;
  readonly #seconds: Partial<Record<RequestClass, Distribution>> = {};
  readonly #counted: Record<number, Partial<Record<OriginDecision["kind"], Series>>> = {};

  constructor({ clock, metrics, logger, turns, underway, firstIdleMs, elapsedMs }: ResponderOptions) {
    this.#clock = clock;
    this.#metrics = metrics;
    this.#logger = logger;
    this.#turns = turns;
    this.#underway = underway;
    this.#elapsedMs = elapsedMs;
    this.#firstIdleSec = Math.floor(firstIdleMs / 1000);
  }

  /** An answer whose body, if any, only tells why. */
  refuse(exchange: Exchange, decision: OriginDecision, extra?: HeaderValues): void {
    this.#problem(exchange, decision, this.#answer(exchange, decision), extra);
  }

  preflight(exchange: Exchange): void {
    const decision = { kind: "preflight" } as const;
    const { status, maxAgeMs } = answerFor(decision, this.#clock.nowMs());
    this.#head(exchange, decision, status, PREFLIGHT + plainLines(freshness(maxAgeMs, status)));
    exchange.res.end();
  }

  /** A handler threw: storage failed, or we did. */
  fail(exchange: Exchange, error: unknown): void {
    if (exchange.res.headersSent) {
      exchange.res.destroy();
      return;
    }
    if (error instanceof ReadRefused) {
      this.#metrics.shedTotal.inc({ class: error.class });
      exchange.class = error.class === "dvr" ? "dvr" : "live-edge";
      const isDvr = error.class === "dvr";
      this.refuse(exchange, isDvr ? { kind: "shed", restMs: error.restMs } : { kind: "storage-failing" });
      return;
    }
    if (error instanceof KvError) {
      exchange.error = error;
      this.refuse(exchange, { kind: "storage-failing" });
      return;
    }
    this.#logger.error({ err: error }, "a request failed");
    this.refuse(exchange, { kind: "internal" });
  }

  /**
   * Answers with a representation, or what its conditions and range make of it: at once where memory has the body.
   * Rejects with KvError when it cannot be had.
   * @param object the same for answer after answer, where that is possible: what is said of it is remembered with it
   */
  send(exchange: Exchange, decision: OriginDecision, object: Representation, open: Open): Promise<void> | void {
    const { lastModifiedMs, sizeBytes } = object;
    const etag = `"${object.etag}"`;
    const outcome = evaluate(exchange.req.headers, { etag, lastModifiedMs, sizeBytes });
    if (outcome.status === 412) return this.#problem(exchange, decision, PRECONDITION_FAILED, { ETag: etag });
    if (outcome.status === 416) {
      const range = { "Content-Range": contentRange(outcome, sizeBytes) };
      return this.#problem(exchange, decision, UNSATISFIABLE, { ETag: etag, "Accept-Ranges": "bytes", ...range });
    }
    if (outcome.status !== 304 && !this.#underway.takesMedia(exchange, object.etag, sizeBytes)) {
      return this.refuse(exchange, { kind: "overloaded" });
    }
    const opened = outcome.status === 304 ? NO_BODY : open(this.#lentTo(exchange));
    if ("then" in opened) return this.#sendLoaded(exchange, decision, object, outcome, opened);
    this.#sendOpened(exchange, decision, object, outcome, opened);
  }

  #lentTo(exchange: Exchange): Opened | undefined {
    const chunks = this.#underway.chunksOf(exchange);
    return chunks && { chunks, tier: "memory" };
  }

  async #sendLoaded(
    exchange: Exchange,
    decision: OriginDecision,
    object: Representation,
    outcome: Sendable,
    loading: Promise<Opened>,
  ): Promise<void> {
    const fromMs = this.#elapsedMs();
    const opened = await loading;
    exchange.readMs += this.#elapsedMs() - fromMs;
    // However many asked meanwhile have waited for one and the same load.
    await this.#turns.opening();
    this.#sendOpened(exchange, decision, object, outcome, opened);
  }

  #sendOpened(
    exchange: Exchange,
    decision: OriginDecision,
    object: Representation,
    outcome: Sendable,
    { chunks, tier }: Opened,
  ): void {
    const { req, res, subject } = exchange;
    const { sizeBytes } = object;
    exchange.tier = tier;
    this.#underway.keepChunks(exchange, chunks);
    const hasBody = outcome.status !== 304;
    // Asked now: reading took time, and a lifetime must not cross the moment at which the answer may change.
    const { maxAgeMs } = this.#answer(exchange, decision);
    let head = objectLines(subject, object) + plainLines(freshness(maxAgeMs, outcome.status)) + CACHE_STATUS[tier];
    const body = outcome.status === 206 ? sliceChunks(chunks, outcome.start, outcome.end) : chunks;
    if (hasBody) {
      exchange.sizeBytes = outcome.status === 206 ? outcome.end - outcome.start + 1 : sizeBytes;
      head += bodyLines(object.contentType, exchange.sizeBytes);
    }
    if (outcome.status === 206) head += plainLines({ "Content-Range": contentRange(outcome, sizeBytes) });
    this.#head(exchange, decision, outcome.status, head);
    if (!hasBody || req.method === "HEAD") {
      res.end();
      return;
    }
    sendBody(res, body, this.#turns);
    object.onBody?.();
  }

  #problem(exchange: Exchange, decision: OriginDecision, answer: Answer, extra?: HeaderValues): void {
    const { status, maxAgeMs, retryAfterSec } = answer;
    const body = problemText(answer);
    exchange.sizeBytes = body.length;
    let head = subjectLines(exchange.subject) + plainLines(freshness(maxAgeMs, status, retryAfterSec));
    if (extra !== undefined) head += lines(extra);
    this.#head(exchange, decision, status, head + bodyLines(PROBLEM_CONTENT_TYPE, body.length));
    // A string goes out with the head in one piece.
    exchange.res.end(exchange.req.method === "HEAD" ? "" : body, "latin1");
  }

  #answer({ subject }: Exchange, decision: OriginDecision): Answer {
    const answer = answerFor(decision, this.#clock.nowMs());
    const isOlder = subject?.version !== undefined && subject.version < subject.event.version;
    return isOlder ? ofOlderVersion(answer) : answer;
  }

  #head(exchange: Exchange, decision: OriginDecision, status: number, head: Lines): void {
    const { res } = exchange;
    this.#count(decision.kind, status);
    exchange.decision = decision.kind;
    exchange.firstByteMs = this.#elapsedMs() - exchange.beganMs;
    if (exchange.holdMs === 0) this.#observe(exchange);
    const timing = exchange.holdMs > 0 || exchange.readMs > 0 ? plainLines(serverTiming(exchange)) : "";
    writeHead(res, status, head + timing, isUnknown(exchange) ? this.#firstIdleSec : KEEP_ALIVE_SEC);
  }

  #observe({ class: name, firstByteMs }: Exchange): void {
    this.#seconds[name] ??= this.#metrics.originSeconds.series({ class: name });
    this.#seconds[name].observe(firstByteMs / 1000);
  }

  #count(decision: OriginDecision["kind"], status: number): void {
    let series = this.#counted[status]?.[decision];
    if (series === undefined) {
      series = this.#metrics.originRequestsTotal.series({ decision, status });
      this.#counted[status] = { ...this.#counted[status], [decision]: series };
    }
    series.inc();
  }
}

/** What only the request's own headers bring about. */
const PRECONDITION_FAILED: Answer = { status: 412, maxAgeMs: 0, title: "The precondition does not hold" };
const UNSATISFIABLE: Answer = { status: 416, maxAgeMs: 0, title: "The range begins behind the end" };
const NO_BODY = { chunks: [], tier: "memory" } as const;

/** What comes with the object's own headers. */
type Sendable = Extract<Evaluation, { status: 200 | 206 | 304 }>;

const KEEP_ALIVE_SEC = KEEP_ALIVE_MS / 1000;

/** What took time, where something did: a hold, a read of storage. */
function serverTiming({ holdMs, readMs }: Exchange): HeaderValues {
  const parts = [
    ...(holdMs > 0 ? [`hold;dur=${Math.round(holdMs)}`] : []),
    ...(readMs > 0 ? [`read;dur=${Math.round(readMs * 10) / 10}`] : []),
  ];
  return { "Server-Timing": parts.join(", "), "Timing-Allow-Origin": "*" };
}

/** Bodies of errors are few: one for each status and title. All are ASCII. */
const problemTexts = new Map<number, Map<string, string>>();

function problemText({ status, title }: Answer): string {
  const known = problemTexts.get(status)?.get(title);
  if (known !== undefined) return known;
  const text = problem(status, title);
  problemTexts.set(status, new Map(problemTexts.get(status)).set(title, text));
  return text;
}

const CORS_LINES = lines(CORS);
const PREFLIGHT = lines(CORS_PREFLIGHT);
const CACHE_STATUS: Readonly<Record<Tier, Lines>> = {
  memory: lines({ "Cache-Status": cacheStatus("memory") }),
  memcached: lines({ "Cache-Status": cacheStatus("memcached") }),
  store: lines({ "Cache-Status": cacheStatus("store") }),
};

const bodyLines = (contentType: string, sizeBytes: number): Lines =>
  `Content-Type: ${contentType}\r\nContent-Length: ${sizeBytes}\r\n`;

/** What answer after answer has in common: a subject is the same object for one URL until something changes. */
const ofSubjects = new WeakMap<Subject, Lines>();
/** The same with the object last sent for it. */
const ofObjects = new WeakMap<Subject, { readonly object: Representation; readonly lines: Lines }>();

function subjectLines(subject: Subject | undefined): Lines {
  if (subject === undefined) return CORS_LINES;
  let known = ofSubjects.get(subject);
  if (known === undefined) {
    known = CORS_LINES + lines(eventHeaders(subject));
    ofSubjects.set(subject, known);
  }
  return known;
}

function objectLines(subject: Subject | undefined, object: Representation): Lines {
  const known = subject && ofObjects.get(subject);
  if (known?.object === object) return known.lines;
  const text = CORS_LINES + lines({ ...(subject && eventHeaders(subject, object.copy)), ...describe(object) });
  if (subject !== undefined) ofObjects.set(subject, { object, lines: text });
  return text;
}

function describe({ etag, lastModifiedMs, headers }: Representation): HeaderValues {
  return { ...headers, ETag: `"${etag}"`, "Last-Modified": httpDate(lastModifiedMs), "Accept-Ranges": "bytes" };
}

/** What every answer under a known event tells: its version, its template and the keys it can be purged by. */
function eventHeaders(subject: Subject, copy?: Representation["copy"]): HeaderValues {
  const { event, view, rendition, number } = subject;
  const template = view && templateOf(event, view.shape);
  const keys = surrogateKeys({
    event: event.id,
    version: event.version,
    ...(rendition !== undefined && { rendition }),
    ...(number !== undefined && { number }),
    ...copy,
  });
  return {
    [HEADER.eventVersion]: `${event.version}`,
    ...(template !== undefined && { [HEADER.template]: templateHeader(template) }),
    ...surrogateKeyHeaders(keys),
  };
}
