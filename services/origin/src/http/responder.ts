import {
  CORS,
  CORS_PREFLIGHT,
  cacheStatus,
  contentRange,
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
import type { Clock, Logger, Metrics } from "@headwater/service-kit";
import { type Answer, answerFor, type OriginDecision, ofOlderVersion } from "./answers.ts";
import { sendBody, sliceChunks } from "./body.ts";
import type { Exchange, Subject } from "./exchange.ts";
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
  /** Asked for only where a body is due. Rejects with KvError. */
  open(): Promise<{ readonly chunks: readonly Buffer[]; readonly tier: Tier }>;
}

export interface ResponderOptions {
  readonly clock: Clock;
  readonly metrics: Pick<Metrics, "originRequestsTotal" | "shedTotal">;
  readonly logger: Logger;
  readonly turns: Turns;
}

/** Writes answers: the status and lifetime of a decision, and the headers that the contract promises on it. */
export class Responder {
  readonly #clock: Clock;
  readonly #metrics: ResponderOptions["metrics"];
  readonly #logger: Logger;
  readonly #turns: Turns;

  constructor({ clock, metrics, logger, turns }: ResponderOptions) {
    this.#clock = clock;
    this.#metrics = metrics;
    this.#logger = logger;
    this.#turns = turns;
  }

  /** An answer whose body, if any, only tells why. */
  refuse(exchange: Exchange, decision: OriginDecision, extra: HeaderValues = {}): void {
    this.#problem(exchange, decision, this.#answer(exchange, decision), extra);
  }

  preflight(exchange: Exchange): void {
    const decision = { kind: "preflight" } as const;
    const { status, maxAgeMs } = answerFor(decision, this.#clock.nowMs());
    this.#head(exchange, decision, status, headerList(CORS_PREFLIGHT, freshness(maxAgeMs, status)));
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
      const isDvr = error.class === "dvr";
      this.refuse(exchange, isDvr ? { kind: "shed", restMs: error.restMs } : { kind: "storage-failing" });
      return;
    }
    if (error instanceof KvError) {
      this.#logger.warn({ err: error }, "storage does not answer");
      this.refuse(exchange, { kind: "storage-failing" });
      return;
    }
    this.#logger.error({ err: error }, "a request failed");
    this.refuse(exchange, { kind: "internal" });
  }

  /**
   * Answers with a representation, or what its conditions and range make of it; resolves to the status. Rejects with
   * KvError when the body cannot be had.
   */
  async send(exchange: Exchange, decision: OriginDecision, object: Representation): Promise<number> {
    const { req, res, subject } = exchange;
    const { lastModifiedMs, sizeBytes } = object;
    const etag = `"${object.etag}"`;
    const outcome = evaluate(req.headers, { etag, lastModifiedMs, sizeBytes });
    if (outcome.status === 412) {
      this.#problem(exchange, decision, PRECONDITION_FAILED, { ETag: etag });
      return outcome.status;
    }
    if (outcome.status === 416) {
      const range = { "Content-Range": contentRange(outcome, sizeBytes) };
      this.#problem(exchange, decision, UNSATISFIABLE, { ETag: etag, "Accept-Ranges": "bytes", ...range });
      return outcome.status;
    }
    const hasBody = outcome.status !== 304;
    const { chunks, tier } = hasBody ? await object.open() : NO_BODY;
    // However many asked meanwhile have waited for one and the same load.
    if (tier !== "memory") await this.#turns.opening();
    // Asked now: reading took time, and a lifetime must not cross the moment at which the answer may change.
    const { maxAgeMs } = this.#answer(exchange, decision);
    const headers = headerList(
      CORS,
      freshness(maxAgeMs, outcome.status),
      eventHeaders(subject, object.copy),
      object.headers,
    );
    headers.push("ETag", etag, "Last-Modified", httpDate(lastModifiedMs));
    headers.push("Accept-Ranges", "bytes", "Cache-Status", cacheStatus(tier));
    const body = outcome.status === 206 ? sliceChunks(chunks, outcome.start, outcome.end) : chunks;
    if (hasBody) {
      const length = outcome.status === 206 ? outcome.end - outcome.start + 1 : sizeBytes;
      headers.push("Content-Type", object.contentType, "Content-Length", `${length}`);
    }
    if (outcome.status === 206) headers.push("Content-Range", contentRange(outcome, sizeBytes));
    this.#head(exchange, decision, outcome.status, headers);
    if (hasBody && req.method !== "HEAD") sendBody(res, body, this.#turns);
    else res.end();
    return outcome.status;
  }

  #problem(exchange: Exchange, decision: OriginDecision, answer: Answer, extra: HeaderValues): void {
    const body = problemText(answer);
    const headers = headerList(
      CORS,
      freshness(answer.maxAgeMs, answer.status, answer.retryAfterSec),
      eventHeaders(exchange.subject),
      extra,
    );
    headers.push("Content-Type", PROBLEM_CONTENT_TYPE, "Content-Length", `${body.length}`);
    this.#head(exchange, decision, answer.status, headers);
    // A string goes out with the head in one piece.
    exchange.res.end(exchange.req.method === "HEAD" ? "" : body, "latin1");
  }

  #answer({ subject }: Exchange, decision: OriginDecision): Answer {
    const answer = answerFor(decision, this.#clock.nowMs());
    const isOlder = subject?.version !== undefined && subject.version < subject.event.version;
    return isOlder ? ofOlderVersion(answer) : answer;
  }

  #head({ res }: Exchange, decision: OriginDecision, status: number, headers: string[]): void {
    this.#metrics.originRequestsTotal.inc({ decision: decision.kind, status });
    res.writeHead(status, headers);
  }
}

/** What only the request's own headers bring about. */
const PRECONDITION_FAILED: Answer = { status: 412, maxAgeMs: 0, title: "The precondition does not hold" };
const UNSATISFIABLE: Answer = { status: 416, maxAgeMs: 0, title: "The range begins behind the end" };
const NO_BODY = { chunks: [], tier: "memory" } as const;

/** Names and values in turn, as Node takes them without looking each one up. No name may come twice. */
function headerList(...groups: readonly HeaderValues[]): string[] {
  const list: string[] = [];
  for (const group of groups) for (const name in group) list.push(name, group[name]!);
  return list;
}

/** Bodies of errors are few: one for each status and title. All are ASCII. */
const problemTexts = new Map<string, string>();

function problemText({ status, title }: Answer): string {
  const key = `${status} ${title}`;
  let text = problemTexts.get(key);
  if (text === undefined) {
    text = problem(status, title);
    problemTexts.set(key, text);
  }
  return text;
}

/** What every answer under a known event tells: its version, its template and the keys it can be purged by. */
function eventHeaders(subject: Subject | undefined, copy?: Representation["copy"]): HeaderValues {
  if (subject === undefined) return {};
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
