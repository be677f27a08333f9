import { createServer, type RequestListener, type Server, type ServerOptions, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Address } from "../settings/index.ts";

/** How long a connection without a request is kept: longer than edges keep theirs, so that it is they who close. */
export const KEEP_ALIVE_MS = 75_000;

const OPTIONS: ServerOptions = {
  // Encoders open a connection seconds before they have something to send.
  headersTimeout: 30_000,
  // A whole request: an encoder may send a segment of 20 s as it is made, a chunk at a time.
  requestTimeout: 120_000,
  keepAliveTimeout: KEEP_ALIVE_MS,
  connectionsCheckingInterval: 5_000,
  maxHeaderSize: 16 * 1024,
  noDelay: true,
};

/** Requests of one connection that may wait for their answers: a pipeline of more is cut. */
const PIPELINED_MAX = 16;

type State = { draining: boolean; readonly answering: Map<Socket, ServerResponse[]> };
const states = new WeakMap<Server, State>();

export type Handlers = {
  readonly request: RequestListener;
  /** Called in place of `request` for `Expect: 100-continue`; without it Node sends the 100 by itself. */
  readonly checkContinue?: RequestListener;
  /** Told once of each answer that `request` was given, when it has gone out or its connection has ended. */
  readonly closed?: (res: ServerResponse) => void;
  /** Told of each connection that is cut because 16 of its requests wait for their answers. */
  readonly pipelineCut?: () => void;
  readonly options?: ServerOptions;
};

/** A server that can drain: see `beginDrain`. Malformed HTTP is answered 400, never to be kept. */
export function createHttpServer({ request, checkContinue, closed, pipelineCut, options }: Handlers): Server {
  const server = createServer({ ...OPTIONS, ...options });
  const answering: State["answering"] = new Map();
  const state: State = { draining: false, answering };
  states.set(server, state);
  function forget(this: ServerResponse): void {
    const answers = answering.get(this.req.socket);
    const at = answers?.indexOf(this) ?? -1;
    if (at < 0) return;
    answers?.splice(at, 1);
    closed?.(this);
  }
  const open = (socket: Socket): ServerResponse[] => {
    const answers: ServerResponse[] = [];
    answering.set(socket, answers);
    // Answers behind the first of a pipeline are told of nothing.
    socket.once("close", () => {
      answering.delete(socket);
      for (const res of answers) closed?.(res);
    });
    return answers;
  };
  const tracked =
    (handler: RequestListener): RequestListener =>
    (req, res) => {
      const { socket } = req;
      // What else had been read when the connection was cut.
      if (socket.destroyed) return;
      const answers = answering.get(socket) ?? open(socket);
      if (answers.length >= PIPELINED_MAX) {
        socket.destroy();
        pipelineCut?.();
        return;
      }
      answers.push(res);
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
  for (const answers of state.answering.values()) {
    for (const res of answers) if (!res.headersSent) res.shouldKeepAlive = false;
  }
}

/** Closes the port, lets running requests end, and cuts those that have not ended after `capMs`. */
export async function closeServer(server: Server, capMs: number): Promise<void> {
  beginDrain(server);
  const cut = setTimeout(() => server.closeAllConnections(), capMs);
  await new Promise<void>((resolve) => server.close(() => resolve()));
  clearTimeout(cut);
}

function refuseMalformed(error: NodeJS.ErrnoException, socket: Socket, { answering }: State): void {
  const answered = [...(answering.get(socket) ?? [])].some((res) => res.socket === socket && res.headersSent);
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
