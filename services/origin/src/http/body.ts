import type { ServerResponse } from "node:http";
import type { Turns } from "./turns.ts";

/** What goes out with the head. */
const BEGINNING_BYTES = 16 * 1024;

/**
 * Ends an answer whose head is written with a body in chunks: whole where nobody waits for a turn; else its beginning
 * now, the rest part by part, in turns with other answers and no faster than the client takes it.
 */
export function sendBody(res: ServerResponse, chunks: readonly Buffer[], turns: Turns): void {
  const sizeBytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  if (turns.takesWhole(sizeBytes)) sendWhole(res, chunks);
  else sendInTurns(res, chunks, sizeBytes, turns);
}

/** The head and all chunks become one write. */
function sendWhole(res: ServerResponse, chunks: readonly Buffer[]): void {
  for (const chunk of chunks.slice(0, -1)) res.write(chunk);
  res.end(chunks.at(-1));
}

function sendInTurns(res: ServerResponse, chunks: readonly Buffer[], sizeBytes: number, turns: Turns): void {
  let offset = 0;
  const write = (maxBytes: number): void => {
    if (res.destroyed) return;
    const parts = sliceChunks(chunks, offset, offset + maxBytes - 1);
    offset += maxBytes;
    if (offset >= sizeBytes) {
      sendWhole(res, parts);
      return;
    }
    let isTaken = true;
    for (const part of parts) isTaken = res.write(part);
    if (isTaken) takeTurn();
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
