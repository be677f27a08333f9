import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Metrics } from "@headwater/service-kit";
import type { Alarm } from "../holds/alarm.ts";
import { Exchange, type OriginResponse } from "../http/exchange.ts";
import { FairCount } from "./fair-count.ts";
import { MediaRoom } from "./media-room.ts";
import { isTooSlow } from "./progress.ts";

const SWEEP_MS = 1000;

export interface UnderwayOptions {
  readonly requestsMax: number;
  readonly mediaMaxBytes: number;
  /** How long a connection is kept whose first answer went to nobody known. */
  readonly firstIdleMs: number;
  readonly alarm: Alarm;
  /** Monotonic. */
  readonly elapsedMs: () => number;
  readonly metrics: Pick<Metrics, "cutTotal">;
}

/** All requests under way and what bounds them: how many, the bytes they keep in memory, how slowly they may be read. */
export class Underway {
  readonly #options: UnderwayOptions;
  /** In no order: each knows its place. */
  readonly #exchanges: Exchange[] = [];
  /** Requests that a connection has carried: one, or 2 for more. */
  readonly #carried = new WeakMap<Socket, number>();
  readonly #requests: FairCount;
  readonly #media: MediaRoom;
  #sweptMs = 0;
  #isSweeping = false;

  constructor(options: UnderwayOptions) {
    this.#options = options;
    this.#requests = new FairCount(options.requestsMax);
    this.#media = new MediaRoom(options.mediaMaxBytes);
  }

  get requests(): number {
    return this.#requests.total;
  }

  get mediaBytes(): number {
    return this.#media.bytes;
  }

  enter(req: IncomingMessage, res: ServerResponse): Exchange {
    const nowMs = this.#options.elapsedMs();
    const carried = this.#carried.get(req.socket) ?? 0;
    if (carried < 2) this.#carried.set(req.socket, carried + 1);
    const exchange = new Exchange(req, res, nowMs, carried === 0);
    (res as OriginResponse).exchange = exchange;
    exchange.place = this.#exchanges.push(exchange) - 1;
    if (!this.#isSweeping) this.#sweepLater(nowMs);
    return exchange;
  }

  /** Of an answer that has not left yet. */
  of(res: ServerResponse): Exchange | undefined {
    return (res as OriginResponse).exchange;
  }

  /** Whether it may go on, as one of its edge's. */
  admits(exchange: Exchange): boolean {
    exchange.isCounted = this.#requests.begin(exchange.edge ?? "");
    return exchange.isCounted;
  }

  /** Whether there is room to have a body of it in memory. */
  takesMedia(exchange: Exchange, content: string, sizeBytes: number): boolean {
    if (exchange.content !== undefined) return true;
    if (!this.#media.take(content, sizeBytes, exchange.class === "dvr" ? "dvr" : "live-edge")) return false;
    exchange.content = content;
    return true;
  }

  /** The bytes of its content, where another answer has read them. */
  chunksOf({ content }: Exchange): readonly Buffer[] | undefined {
    return content === undefined ? undefined : this.#media.chunksOf(content);
  }

  /** For the answers with the same content that come while this one is under way. */
  keepChunks({ content }: Exchange, chunks: readonly Buffer[]): void {
    if (content !== undefined) this.#media.keep(content, chunks);
  }

  /** Its answer has gone out, or its connection has ended. */
  leave(res: ServerResponse): Exchange | undefined {
    const { exchange } = res as OriginResponse;
    if (exchange === undefined) return undefined;
    (res as OriginResponse).exchange = undefined;
    const last = this.#exchanges.pop()!;
    if (last !== exchange) {
      this.#exchanges[exchange.place] = last;
      last.place = exchange.place;
    }
    if (exchange.isCounted) this.#requests.end(exchange.edge ?? "");
    if (exchange.content !== undefined) this.#media.giveBack(exchange.content);
    const { socket } = exchange.req;
    const isAlone = this.#carried.get(socket) === 1;
    if (isAlone && isUnknown(exchange) && !socket.destroyed) socket.setTimeout(this.#options.firstIdleMs);
    return exchange;
  }

  #sweepLater(nowMs: number): void {
    this.#isSweeping = true;
    this.#sweptMs = nowMs;
    this.#options.alarm(SWEEP_MS, () => this.#sweep());
  }

  #sweep(): void {
    const nowMs = this.#options.elapsedMs();
    // A pause of this process is not its clients' fault.
    const countedMs = Math.min(nowMs - this.#sweptMs, 2 * SWEEP_MS);
    for (const exchange of this.#exchanges) if (isTooSlow(exchange, countedMs)) this.#cut(exchange);
    this.#isSweeping = false;
    if (this.#exchanges.length > 0) this.#sweepLater(nowMs);
  }

  /** With a reset, so that the kernel does not keep what the client does not take. */
  #cut(exchange: Exchange): void {
    exchange.isCut = true;
    this.#options.metrics.cutTotal.inc({ reason: "slow-reader" });
    exchange.req.socket.resetAndDestroy();
  }
}

/** Whether nobody with a name asks, by a connection that has not been used before: is anybody reading there at all? */
export function isUnknown({ isFirst, edge }: Exchange): boolean {
  return isFirst && (edge ?? "") === "";
}
