import { createCipheriv } from "node:crypto";
import { startTcpProxy, type TcpProxy } from "../proof/harness/tcp-proxy.ts";

/**
 * What a server that has gone wrong says in place of a piece of its replies, which begins `atByte` of its connection:
 * nothing, if it is silent.
 */
export type Lie = (reply: Buffer, atByte: number) => Buffer;

/** Stands in front of a server, and tells its clients what a server says that has gone wrong. */
export interface Liar extends TcpProxy {
  /** The truth without it. */
  lie: Lie | undefined;
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
  let lie: Lie | undefined;
  const proxy = await startTcpProxy(server, (client, upstream) => {
    let atByte = 0;
    client.pipe(upstream);
    upstream.on("data", (reply: Buffer) => {
      client.write(lie?.(reply, atByte) ?? reply);
      atByte += reply.length;
    });
    upstream.on("end", () => client.end());
  });
  return {
    ...proxy,
    get lie() {
      return lie;
    },
    set lie(next) {
      lie = next;
    },
  };
}
