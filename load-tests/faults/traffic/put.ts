import { type Agent, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { ClockedEvent } from "./event.ts";

const TIMEOUT_MS = 10_000;
const PIECES = 8;

export interface PutResult {
  /** Undefined when no answer came. */
  readonly status: number | undefined;
  /** From the last byte sent to the head of the answer, ms. */
  readonly tookMs: number;
  /** When the answer came, or the connection broke; `performance.now()`. */
  readonly endedMs: number;
}

export interface PutOptions {
  readonly agent?: Agent;
  /** The body goes out in equal pieces over this time, as an encoder makes it. */
  readonly overMs?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** So many bytes of the body are sent, and no more. */
  readonly stopAfterBytes?: number;
  readonly timeoutMs?: number;
}

/** PUTs an object once: whatever goes wrong is not tried again. Never rejects. */
export function put(
  { publishUrl, publishToken }: ClockedEvent,
  path: string,
  bytes: Buffer,
  { agent, overMs = 0, headers = {}, stopAfterBytes, timeoutMs = TIMEOUT_MS }: PutOptions = {},
): Promise<PutResult> {
  return new Promise((resolve) => {
    let lastByteMs = performance.now();
    let ended = false;
    const end = (status: number | undefined) => {
      if (ended) return;
      ended = true;
      clearTimeout(timer);
      const endedMs = performance.now();
      resolve({ status, tookMs: endedMs - lastByteMs, endedMs });
    };
    const req = request(`${publishUrl}/${path}`, {
      method: "PUT",
      headers: { Authorization: `Bearer ${publishToken}`, "Content-Length": bytes.length, ...headers },
      ...(agent !== undefined && { agent }),
    });
    const timer = setTimeout(() => req.destroy(new Error("no answer in time")), timeoutMs);
    req.once("response", (res) => {
      end(res.statusCode);
      res.on("error", () => {}).resume();
    });
    req.on("error", () => end(undefined)).on("close", () => end(undefined));
    void send();

    async function send(): Promise<void> {
      if (stopAfterBytes !== undefined) {
        req.write(bytes.subarray(0, stopAfterBytes));
        return;
      }
      for (let i = 0; i < PIECES && !ended; i++) {
        if (overMs > 0) await sleep(overMs / PIECES);
        const piece = bytes.subarray((i * bytes.length) / PIECES, ((i + 1) * bytes.length) / PIECES);
        if (!ended) req.write(piece);
      }
      lastByteMs = performance.now();
      if (!ended) req.end();
    }
  });
}

export const isAcknowledged = ({ status }: { readonly status: number | undefined }): boolean =>
  status === 200 || status === 201;
