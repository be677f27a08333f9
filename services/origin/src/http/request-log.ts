import type { Logger } from "@headwater/service-kit";
import type { Exchange } from "./exchange.ts";

/** Exceptional requests that are logged in one second; how many more there were is told in the next line. */
const LINES_PER_SECOND = 20;
/** An answer that begins later than this, not counted what it was held for, is exceptional. */
const SLOW_MS = 1000;
const PATH_CHARS = 200;

type Level = "debug" | "info" | "warn";

export interface RequestLogOptions {
  readonly logger: Logger;
  /** Monotonic. */
  readonly elapsedMs: () => number;
}

/** A line for each request that has ended: all of them at debug, at a bounded rate those that an operator wants to see. */
export class RequestLog {
  readonly #logger: Logger;
  readonly #elapsedMs: () => number;
  readonly #logsAll: boolean;
  #second = 0;
  #lines = 0;
  #suppressed = 0;

  constructor({ logger, elapsedMs }: RequestLogOptions) {
    this.#logger = logger;
    this.#elapsedMs = elapsedMs;
    this.#logsAll = logger.isLevelEnabled("debug");
  }

  ended(exchange: Exchange): void {
    const level = levelOf(exchange);
    if (level === "debug") {
      if (this.#logsAll) this.#write(level, exchange);
    } else if (this.#logger.isLevelEnabled(level) && this.#mayLog()) this.#write(level, exchange);
  }

  #mayLog(): boolean {
    const second = Math.floor(this.#elapsedMs() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#lines = 0;
    }
    const isIn = this.#lines < LINES_PER_SECOND;
    if (isIn) this.#lines += 1;
    else this.#suppressed += 1;
    return isIn;
  }

  #write(level: Level, exchange: Exchange): void {
    const suppressed = this.#suppressed;
    this.#suppressed = 0;
    const { req, res, beganMs, edge, decision, tier, error } = exchange;
    this.#logger[level](
      {
        method: req.method,
        // Without its query: what stands there is not ours to keep.
        path: (req.url ?? "").split("?", 1)[0]!.slice(0, PATH_CHARS),
        edge: edge === "" ? undefined : edge,
        class: exchange.class,
        decision,
        status: decision === undefined ? undefined : res.statusCode,
        tier,
        holdMs: rounded(exchange.holdMs),
        readMs: rounded(exchange.readMs),
        firstByteMs: rounded(exchange.firstByteMs),
        totalMs: rounded(this.#elapsedMs() - beganMs),
        bytes: exchange.sizeBytes,
        outcome: outcomeOf(exchange),
        ...(error !== undefined && { err: error }),
        ...(suppressed > 0 && { suppressed }),
      },
      "request",
    );
  }
}

function levelOf({ isCut, decision, firstByteMs, holdMs }: Exchange): Level {
  if (isCut || decision === "storage-failing" || decision === "internal") return "warn";
  if (decision === "shed" || decision === "overloaded") return "info";
  return firstByteMs - holdMs > SLOW_MS ? "info" : "debug";
}

/** Node takes the connection away from an answer that has gone out. */
function outcomeOf({ isCut, res }: Exchange): "complete" | "cut" | "client-gone" {
  if (isCut) return "cut";
  return res.socket === null && res.writableFinished ? "complete" : "client-gone";
}

const rounded = (ms: number): number => Math.round(ms * 10) / 10;
