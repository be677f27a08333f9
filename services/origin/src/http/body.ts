import type { ServerResponse } from "node:http";

/**
 * A client that takes nothing for this long is cut, at the latest after twice as long: Node looks once an interval
 * whether bytes have moved.
 */
const STALL_MS = 15_000;

/** Ends an answer whose head is written with a body of several chunks, no faster than the client takes them. */
export function sendBody(res: ServerResponse, chunks: readonly Buffer[]): void {
  // Nobody listens for the timeout, so Node destroys the socket; it sets its own limit once the answer has gone out.
  res.req.socket.setTimeout(STALL_MS);
  const last = chunks.length - 1;
  let next = 0;
  const writeOn = (): void => {
    while (next < last) {
      const chunk = chunks[next]!;
      next += 1;
      if (!res.write(chunk)) return;
    }
    res.off("drain", writeOn);
    res.end(chunks[last]);
  };
  res.on("drain", writeOn);
  writeOn();
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
