import type { ServerResponse } from "node:http";
import type { Turns } from "./turns.ts";

/**
 * A client that takes nothing for this long is cut, at the latest after twice as long: Node looks once an interval
 * whether bytes have moved.
 */
const STALL_MS = 15_000;
/** What goes out with the head. */
const BEGINNING_BYTES = 16 * 1024;

/**
 * Ends an answer whose head is written with a body in chunks: its beginning now, the rest part by part, in turns with
 * other answers and no faster than the client takes it.
 */
export function sendBody(res: ServerResponse, chunks: readonly Buffer[], turns: Turns): void {
  // Nobody listens for the timeout, so Node destroys the socket; it sets its own limit once the answer has gone out.
  res.req.socket.setTimeout(STALL_MS);
  let index = 0;
  let offset = 0;
  const write = (maxBytes: number): void => {
    if (res.destroyed) return;
    const chunk = chunks[index];
    const part = chunk?.subarray(offset, offset + maxBytes);
    offset += maxBytes;
    if (chunk === undefined || offset >= chunk.length) {
      index += 1;
      offset = 0;
    }
    if (index >= chunks.length) res.end(part);
    else if (res.write(part)) takeTurn();
    else res.once("drain", takeTurn);
  };
  const takeTurn = (): void => turns.goOn(write);
  write(BEGINNING_BYTES);
}

/** Bytes `start` to `end`, inclusive, of a body in chunks. Nothing is copied. */
export function sliceChunks(chunks: readonly Buffer[], start: number, end: number): readonly Buffer[] {
  const slices: Buffer[] = [];
  let offset = 0;
  for (const chunk of chunks) {
    const from = Math.max(0, start - offset);
    const to = Math.min(chunk.length, end + 1 - offset);
    if (from < to) slices.push(chunk.subarray(from, to));
    offset += chunk.length;
  }
  return slices;
}
