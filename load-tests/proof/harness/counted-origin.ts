import { once } from "node:events";
import { Agent, createServer, request } from "node:http";
import type { AddressInfo } from "node:net";

/** Stands between an edge and the origin, changes nothing, and counts. */
export interface CountedOrigin {
  /** host:port, for the edge. */
  readonly address: string;
  /** When this path was asked for, ms since the Unix epoch. */
  asked(path: string): readonly number[];
  stop(): Promise<void>;
}

/** Resolves when it listens on a free loopback port. */
export async function startCountedOrigin(originUrl: string): Promise<CountedOrigin> {
  const { hostname, port } = new URL(originUrl);
  const agent = new Agent({ keepAlive: true });
  const times = new Map<string, number[]>();
  const server = createServer((req, res) => {
    const { url: path = "", method, headers } = req;
    times.set(path, [...(times.get(path) ?? []), Date.now()]);
    const upstream = request({ host: hostname, port, path, method, headers, agent }, (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(res);
    });
    upstream.on("error", () => res.destroy());
    res.on("close", () => upstream.destroy());
    upstream.end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: (path) => times.get(path) ?? [],
    async stop() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      agent.destroy();
      await closed;
    },
  };
}
