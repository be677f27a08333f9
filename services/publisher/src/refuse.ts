import type { IncomingMessage, ServerResponse } from "node:http";
import type { Refusal } from "./outcome.ts";

/** Of a refused body this much is still read, so that a client in the middle of sending gets to read the answer. */
const DRAIN_BYTES = 64 * 1024;
const LINGER_MS = 500;

/** Answers at once with application/problem+json and `Connection: close`; closes when the client is done or has had its time. */
export function refuse(req: IncomingMessage, res: ServerResponse, { problem, headers }: Refusal): void {
  if (res.headersSent || !req.socket.writable) {
    req.socket.destroy();
    return;
  }
  const { status, code, message: title, extra } = problem;
  const body = Buffer.from(JSON.stringify({ status, code, title, ...extra }));
  res.writeHead(status, {
    "Content-Type": "application/problem+json",
    "Content-Length": body.length,
    "Cache-Control": "max-age=0, no-store",
    Connection: "close",
    ...headers,
  });
  if (req.complete) {
    res.end(body);
    return;
  }
  // The answer is whole with these bytes; its end, which closes the connection, waits for the client.
  res.write(body);
  let drainedBytes = 0;
  const end = () => {
    clearTimeout(linger);
    res.end();
  };
  const linger = setTimeout(end, LINGER_MS);
  req.on("data", (bytes: Buffer) => {
    drainedBytes += bytes.length;
    if (drainedBytes >= DRAIN_BYTES) req.pause();
  });
  req.on("end", end).on("close", end).on("error", end);
  req.resume();
}
