import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** Stands between clients and a server. */
export interface TcpProxy {
  /** host:port, for clients. */
  readonly address: string;
  /** Cuts what is open. */
  stop(): Promise<void>;
}

/**
 * Resolves when it listens on a free loopback port. Each connection is handed to `carry` with its own to the server; when
 * one of the two ends, so does the other.
 */
export async function startTcpProxy(
  server: string,
  carry: (client: Socket, upstream: Socket) => void,
): Promise<TcpProxy> {
  const [host = "", port = ""] = server.split(":");
  const sockets = new Set<Socket>();
  const listener = createServer((client) => {
    const upstream = connect(Number(port), host);
    carry(client, upstream);
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.on("error", () => other.destroy());
      socket.on("close", () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
  }).listen(0, "127.0.0.1");
  await once(listener, "listening");
  return {
    address: `127.0.0.1:${(listener.address() as AddressInfo).port}`,
    async stop() {
      const closed = once(listener, "close");
      listener.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
