import type { Socket } from "node:net";
import type { Exchange } from "../http/exchange.ts";

/** What a client must take on average, while there is something for it to take. */
export const LEAST_BYTES_PER_SECOND = 64 * 1024;
/**
 * How long it may take nothing: the kernel takes bytes for a client in steps of up to a third of its send buffer, which
 * is more than a megabyte where a connection was fast before.
 */
export const LONGEST_STALL_MS = 13_000;

const MOST_BEHIND_BYTES = (LEAST_BYTES_PER_SECOND * LONGEST_STALL_MS) / 1000;

/**
 * Whether a client takes an answer too slowly: it has fallen behind the least rate by what that rate gives in the longest
 * stall. What it takes faster only makes up for that, so no good beginning buys time. To be called again and again, each
 * time with what has passed since.
 */
export function isTooSlow(exchange: Exchange, elapsedMs: number): boolean {
  const { socket, headersSent } = exchange.res;
  // Without a socket another answer of its connection goes first.
  if (!headersSent || socket === null) return false;
  const { takenBytes, waitingBytes } = flowOf(socket);
  const newlyTaken = takenBytes - exchange.takenBytes;
  exchange.takenBytes = takenBytes;
  // Nothing waits for the client: it is this process that has given it no more.
  if (waitingBytes === 0) exchange.behindBytes = 0;
  else {
    const dueBytes = (LEAST_BYTES_PER_SECOND * elapsedMs) / 1000;
    exchange.behindBytes = Math.max(0, exchange.behindBytes + dueBytes - newlyTaken);
  }
  return exchange.behindBytes > MOST_BEHIND_BYTES;
}

/**
 * How much of a connection the kernel has taken, and what waits for it. Of a large write under way only the handle tells
 * how far it has come; Node's own socket timeout looks there too.
 */
function flowOf(socket: Socket): { readonly takenBytes: number; readonly waitingBytes: number } {
  const { _handle: handle } = socket as { readonly _handle?: { bytesWritten: number; writeQueueSize: number } | null };
  const waitingBytes = handle?.writeQueueSize ?? 0;
  return { takenBytes: (handle?.bytesWritten ?? 0) - waitingBytes, waitingBytes };
}
