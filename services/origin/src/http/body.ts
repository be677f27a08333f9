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
 * Ends an answer whose head is written with a body in chunks: its beginning now, the rest chunk by chunk, in turns with
 * other answers and no faster than the client takes it.
 */
export function sendBody(res: ServerResponse, chunks: readonly Buffer[], turns: Turns): void {
  // Nobody listens for the timeout, so Node destroys the socket; it sets its own limit once the answer has gone out.
  res.req.socket.setTimeout(STALL_MS);
  const parts = withBeginning(chunks);
  let next = 0;
  const write = (): void => {
    if (res.destroyed) return;
    const part = parts[next];
    next += 1;
    if (next >= parts.length) res.end(part);
    else if (res.write(part)) takeTurn();
    else res.once("drain", takeTurn);
  };
  const takeTurn = (): void => turns.goOn(parts[next]!.length, write);
  write();
}

function withBeginning(chunks: readonly Buffer[]): readonly Buffer[] {
  const [first, ...others] = chunks;
  if (first === undefined || first.length <= BEGINNING_BYTES) return chunks;
  return [first.subarray(0, BEGINNING_BYTES), first.subarray(BEGINNING_BYTES), ...others];
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
