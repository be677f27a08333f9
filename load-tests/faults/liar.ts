import { createCipheriv } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/**
 * What a server that has gone wrong says in place of a piece of its replies, which begins `atByte` of its connection:
 * nothing, if it is silent.
 */
export type Lie = (reply: Buffer, atByte: number) => Buffer;

/** Stands in front of a server, and tells its clients what a server says that has gone wrong. */
export interface Liar {
  /** host:port, for clients. */
  readonly address: string;
  /** The truth without it. */
  lie: Lie | undefined;
  stop(): Promise<void>;
}

/** Nothing of what was said is left. */
export const noise: Lie = (reply, atByte) => {
  const key = Buffer.alloc(16, "noise");
  const counter = Buffer.alloc(16);
  counter.writeUInt32BE(atByte);
  return createCipheriv("aes-128-ctr", key, counter).update(reply);
};

/** One bit in `every` bytes is not what it was; mostly in values, as they are most of what is said. */
export const flippedBits =
  (every: number): Lie =>
  (reply, atByte) => {
    const flipped = Buffer.from(reply);
    for (let at = every - 1 - (atByte % every); at < flipped.length; at += every) flipped[at]! ^= 0x10;
    return flipped;
  };

/** So many bytes of a connection are said, and then nothing more; it stays open. */
export const silentAfter =
  (bytes: number): Lie =>
  (reply, atByte) =>
    reply.subarray(0, Math.max(0, bytes - atByte));

/** Resolves when it listens on a free loopback port. */
export async function startLiar(server: string): Promise<Liar> {
  const [host = "", port = ""] = server.split(":");
  const sockets = new Set<Socket>();
  const listener = createServer((client) => {
    const upstream = connect(Number(port), host);
    let atByte = 0;
    client.pipe(upstream);
    upstream.on("data", (reply: Buffer) => {
      client.write(liar.lie?.(reply, atByte) ?? reply);
      atByte += reply.length;
    });
    upstream.on("end", () => client.end());
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
  const liar: Liar = {
    address: `127.0.0.1:${(listener.address() as AddressInfo).port}`,
    lie: undefined,
    stop: async () => {
      const closed = once(listener, "close");
      listener.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
  return liar;
}
