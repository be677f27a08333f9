import { connect } from "node:net";
import type { ClockedEvent } from "./event.ts";

/** Pieces of a chunked body. */
const PIECE_BYTES = 64 * 1024;
const TIMEOUT_MS = 10_000;

export const FRAMINGS = ["length", "chunked"] as const;
export type Framing = (typeof FRAMINGS)[number];

/** `half-close`: it sends no more, and still reads. `close`: a FIN, as of a process that was killed; `reset`: a RST. */
export const DEATHS = ["half-close", "close", "reset"] as const;
export type Death = (typeof DEATHS)[number];

export interface CutPut {
  readonly framing: Framing;
  readonly death: Death;
  /** Of the body as it goes over the wire, so much in [0, 1] is sent: 1 for all but its last byte. */
  readonly share: number;
}

/** A body over the wire, with what chunked framing adds. */
function onTheWire(bytes: Buffer, framing: Framing): Buffer {
  if (framing === "length") return bytes;
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    const piece = bytes.subarray(at, at + PIECE_BYTES);
    parts.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from("\r\n"));
  }
  return Buffer.concat([...parts, Buffer.from("0\r\n\r\n")]);
}

/** The head of a PUT that is written to a socket as it is. */
export function rawHead({ publishUrl, publishToken }: ClockedEvent, path: string, framing: string): string {
  const { host, pathname } = new URL(`${publishUrl}/${path}`);
  return `PUT ${pathname} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${publishToken}\r\n${framing}\r\n\r\n`;
}

/**
 * Sends the head of a PUT and part of its body, and dies. Resolves when the socket is gone, to the status that was
 * answered, if any. Never rejects.
 */
export function cutPut(event: ClockedEvent, path: string, bytes: Buffer, cut: CutPut): Promise<number | undefined> {
  const { framing, death, share } = cut;
  const wire = onTheWire(bytes, framing);
  const part = wire.subarray(0, Math.floor(share * (wire.length - 1)));
  const size = framing === "length" ? `Content-Length: ${bytes.length}` : "Transfer-Encoding: chunked";
  const { hostname, port } = new URL(event.publishUrl);
  return new Promise((resolve) => {
    let answer = "";
    const socket = connect(Number(port), hostname);
    const timer = setTimeout(() => socket.destroy(), TIMEOUT_MS);
    socket.on("data", (data) => {
      answer += data.toString("latin1");
    });
    socket
      .on("error", () => {})
      .once("close", () => {
        clearTimeout(timer);
        const status = /^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1];
        resolve(status === undefined ? undefined : Number(status));
      });
    socket.write(rawHead(event, path, size));
    socket.write(part, () => {
      if (death === "half-close") socket.end();
      else if (death === "reset") socket.resetAndDestroy();
      else socket.destroy();
    });
  });
}
