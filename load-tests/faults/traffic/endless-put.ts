import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { rawHead } from "./cut-put.ts";
import type { ClockedEvent } from "./event.ts";

const PIECE = Buffer.alloc(64 * 1024, 7);
const CHUNK = Buffer.concat([Buffer.from(`${PIECE.length.toString(16)}\r\n`), PIECE, Buffer.from("\r\n")]);
const TIMEOUT_MS = 20_000;

export interface EndlessPut {
  /** The first that is answered, 100 too; undefined when the connection broke without. */
  readonly status: number | undefined;
  /** Handed to the socket, what waits in the kernel's buffers included. */
  readonly sentBytes: number;
  /** From the answer to the end of the connection; undefined when it was still open after 20 s. */
  readonly closedMs: number | undefined;
}

/** The head of a PUT of `Content-Length: {declaredBytes}`, or chunked without it, and bytes for as long as they are taken. */
export function endlessPut(
  event: ClockedEvent,
  path: string,
  { declaredBytes, expect = false }: { declaredBytes?: number; expect?: boolean },
): Promise<EndlessPut> {
  const size = declaredBytes === undefined ? "Transfer-Encoding: chunked" : `Content-Length: ${declaredBytes}`;
  const head = rawHead(event, path, expect ? `${size}\r\nExpect: 100-continue` : size);
  const piece = declaredBytes === undefined ? CHUNK : PIECE;
  const { hostname, port } = new URL(event.publishUrl);
  return new Promise((resolve) => {
    let status: number | undefined;
    let answeredMs: number | undefined;
    const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true });
    const timer = setTimeout(() => end(undefined), TIMEOUT_MS);
    const end = (endedMs: number | undefined) => {
      clearTimeout(timer);
      resolve({
        status,
        sentBytes: socket.bytesWritten,
        closedMs: endedMs === undefined ? undefined : endedMs - (answeredMs ?? endedMs),
      });
      socket.destroy();
    };
    socket.on("data", (data) => {
      answeredMs ??= performance.now();
      status ??= Number(/^HTTP\/1\.1 (\d{3})/.exec(data.toString("latin1"))?.[1]);
    });
    socket.on("error", () => {}).once("close", () => end(performance.now()));
    socket.write(head);
    // Whoever expects 100 sends nothing before it; the others do not care for any answer.
    if (expect) socket.once("end", () => socket.end());
    else void send();

    async function send(): Promise<void> {
      while (!socket.destroyed) {
        if (socket.writableNeedDrain) await sleep(1);
        else socket.write(piece);
      }
    }
  });
}
