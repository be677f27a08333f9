import { createServer, type RequestListener, type Server, type ServerOptions, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Address } from "../settings/index.ts";

const OPTIONS: ServerOptions = {
  // Encoders open a connection seconds before they have something to send.
  headersTimeout: 30_000,
  // A whole request: an encoder may send a segment of 20 s as it is made, a chunk at a time.
  requestTimeout: 120_000,
  // Longer than edges keep their idle connections, so that it is they who close.
  keepAliveTimeout: 75_000,
  connectionsCheckingInterval: 5_000,
  maxHeaderSize: 16 * 1024,
  noDelay: true,
};

type State = { draining: boolean; readonly answering: Set<ServerResponse> };
const states = new WeakMap<Server, State>();

export type Handlers = {
  readonly request: RequestListener;
  /** Called in place of `request` for `Expect: 100-continue`; without it Node sends the 100 by itself. */
  readonly checkContinue?: RequestListener;
  readonly options?: ServerOptions;
};

/** A server that can drain: see `beginDrain`. Malformed HTTP is answered 400, never to be kept. */
export function createHttpServer({ request, checkContinue, options }: Handlers): Server {
  const server = createServer({ ...OPTIONS, ...options });
  const state: State = { draining: false, answering: new Set() };
  states.set(server, state);
  function forget(this: ServerResponse): void {
    state.answering.delete(this);
  }
  const tracked =
    (handler: RequestListener): RequestListener =>
    (req, res) => {
      state.answering.add(res);
      res.on("close", forget);
      if (state.draining) res.shouldKeepAlive = false;
      handler(req, res);
    };
  server.on("request", tracked(request));
  if (checkContinue) server.on("checkContinue", tracked(checkContinue));
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => refuseMalformed(error, socket, state));
  return server;
}

/**
 * Listens, and answers the address taken. With `reusePort` several processes share the port, where the system can.
 * @throws Error naming the address when it cannot be had
 */
export function listen(server: Server, { host, port }: Address, { reusePort = false } = {}): Promise<Address> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException) => {
      const reason = error.code === "EADDRINUSE" ? "another process listens there" : error.message;
      reject(new Error(`cannot listen on ${host}:${port}: ${reason}`, { cause: error }));
    };
    server.once("error", failed);
    server.listen({ host, port, reusePort: reusePort && process.platform === "linux" }, () => {
      server.off("error", failed);
      resolve({ host, port: (server.address() as AddressInfo).port });
    });
  });
}

/** From now on every answer whose head has not gone out carries `Connection: close`; the port stays open. */
export function beginDrain(server: Server): void {
  const state = states.get(server);
  if (!state) return;
  state.draining = true;
  for (const res of state.answering) if (!res.headersSent) res.shouldKeepAlive = false;
}

/** Closes the port, lets running requests end, and cuts those that have not ended after `capMs`. */
export async function closeServer(server: Server, capMs: number): Promise<void> {
  beginDrain(server);
  const cut = setTimeout(() => server.closeAllConnections(), capMs);
  await new Promise<void>((resolve) => server.close(() => resolve()));
  clearTimeout(cut);
}

function refuseMalformed(error: NodeJS.ErrnoException, socket: Socket, state: State): void {
  const answered = [...state.answering].some((res) => res.socket === socket && res.headersSent);
  if (error.code === "ECONNRESET" || !socket.writable || answered) {
    socket.destroy();
    return;
  }
  const status =
    error.code === "HPE_HEADER_OVERFLOW"
      ? "431 Request Header Fields Too Large"
      : error.code === "ERR_HTTP_REQUEST_TIMEOUT"
        ? "408 Request Timeout"
        : "400 Bad Request";
  const head = `HTTP/1.1 ${status}\r\nCache-Control: max-age=0, no-store\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`;
  socket.end(head, () => socket.destroySoon());
}
