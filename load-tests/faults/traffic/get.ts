import { type Agent, type IncomingMessage, request } from "node:http";
import type { Socket } from "node:net";

const TIMEOUT_MS = 10_000;
const openedMs = new WeakMap<Socket, number>();

export interface Got {
  readonly status: number;
  readonly body: Buffer;
  /** Where the bytes came from: memory, memcached or store. */
  readonly tier: string | undefined;
  readonly retryAfterSec: number;
  readonly etag: string | undefined;
  /** Whose copy it is; undefined of an error. */
  readonly pipeline: string | undefined;
  /** How long it may be kept: `Headwater-Max-Age-Ms`. */
  readonly maxAgeMs: number | undefined;
  /** When its head came; `performance.now()`. */
  readonly headMs: number;
  /** Of the whole answer. */
  readonly tookMs: number;
}

/** The answer did not come, or not whole. */
export class GetError extends Error {
  /** When the connection had been made (`performance.now()`); undefined if it never was. */
  readonly connectedMs: number | undefined;
  constructor(message: string, connectedMs: number | undefined) {
    super(message);
    this.connectedMs = connectedMs;
  }
}

/** GETs once. Rejects with GetError. */
export function get(url: string, agent?: Agent): Promise<Got> {
  return new Promise((resolve, reject) => {
    const begunMs = performance.now();
    let socket: Socket | undefined;
    const req = request(url, agent === undefined ? {} : { agent });
    const timer = setTimeout(() => req.destroy(new Error("no answer in time")), TIMEOUT_MS);
    const fail = ({ message }: Error) => {
      clearTimeout(timer);
      reject(new GetError(message, socket && openedMs.get(socket)));
    };
    req.once("socket", (given) => {
      socket = given;
      if (given.connecting) given.once("connect", () => openedMs.set(given, performance.now()));
    });
    req.on("error", fail);
    req.once("response", (res) => {
      const headMs = performance.now();
      const parts: Buffer[] = [];
      res.on("data", (part: Buffer) => parts.push(part));
      res.on("error", fail);
      res.once("end", () => {
        clearTimeout(timer);
        const tookMs = performance.now() - begunMs;
        resolve({ status: res.statusCode ?? 0, body: Buffer.concat(parts), headMs, tookMs, ...readHead(res) });
      });
    });
    req.end();
  });
}

function readHead({ headers }: IncomingMessage) {
  const tier = /detail=(\w+)/.exec(String(headers["cache-status"] ?? ""))?.[1];
  const maxAge = headers["headwater-max-age-ms"];
  return {
    tier,
    retryAfterSec: Number(headers["retry-after"] ?? 1),
    etag: headers.etag,
    pipeline: headers["headwater-pipeline"]?.toString(),
    maxAgeMs: maxAge === undefined ? undefined : Number(maxAge),
  };
}
