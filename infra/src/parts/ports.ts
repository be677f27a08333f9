import { connect, createServer } from "node:net";

function canListen(port: number, host: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(undefined));
    server.listen(port, host, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : undefined));
    });
  });
}

/** Whether nothing listens on the port of this loopback address. */
export async function isFree(port: number, host = "127.0.0.1"): Promise<boolean> {
  return (await canListen(port, host)) !== undefined;
}

/** A TCP port that is free now on every one of the loopback addresses; `preferred` if that is free. */
export async function freePort(preferred = 0, hosts: readonly string[] = ["127.0.0.1"]): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const port = await canListen(attempt === 0 ? preferred : 0, hosts[0] ?? "127.0.0.1");
    if (port === undefined) continue;
    const free = await Promise.all(hosts.slice(1).map((host) => isFree(port, host)));
    if (free.every(Boolean)) return port;
  }
  throw new Error(`no port is free on ${hosts.join(", ")}`);
}

/**
 * Sends the questions one after another over one TCP connection, each when the reply to the one before is whole, and
 * resolves to the last reply. Rejects on any failure, or after `timeoutMs` in all.
 */
export function ask(
  { host = "127.0.0.1", port, timeoutMs = 1000 }: { host?: string; port: number; timeoutMs?: number },
  questions: readonly Uint8Array[],
  isWhole: (reply: Buffer) => boolean,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let asked = 0;
    let reply: Buffer = Buffer.alloc(0);
    const socket = connect({ host, port });
    const fail = (error: Error) => {
      clearTimeout(timer);
      socket.destroy();
      reject(error);
    };
    const timer = setTimeout(() => fail(new Error(`no answer from ${host}:${port} in ${timeoutMs} ms`)), timeoutMs);
    const askNext = () => {
      const question = questions[asked++];
      if (question !== undefined) {
        reply = Buffer.alloc(0);
        socket.write(question);
        return;
      }
      clearTimeout(timer);
      socket.destroy();
      resolve(reply);
    };
    socket.once("error", fail);
    socket.once("end", () => fail(new Error(`${host}:${port} closed the connection`)));
    socket.once("connect", askNext);
    socket.on("data", (part: Buffer) => {
      reply = Buffer.concat([reply, part]);
      if (isWhole(reply)) askNext();
    });
  });
}

/** Resolves when something accepts connections there; rejects otherwise. */
export function accepts(port: number, host = "127.0.0.1", timeoutMs = 1000): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout: timeoutMs });
    socket.once("timeout", () => socket.destroy(new Error(`no connection to ${host}:${port} in ${timeoutMs} ms`)));
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.destroy();
      resolve();
    });
  });
}
