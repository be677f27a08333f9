import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { startTcpProxy, type TcpProxy } from "./tcp-proxy.ts";

/** How a store that is in trouble answers; nothing set: as the store itself does. */
export interface Pace {
  /** Added to each statement. */
  readonly delayMs?: number;
  /** Statements in a second; those beyond wait in the store. */
  readonly perSecond?: number;
  /** Statements are taken and never answered. */
  readonly isDead?: boolean;
}

/** Stands between a process and a Cassandra node and slows the statements down, as a store under load does. */
export interface SlowCql extends TcpProxy {
  /** Statements passed on or swallowed so far. */
  readonly statements: number;
  /** Another one begins without what waited under the one before. */
  pace: Pace;
}

/** CQL's binary protocol, version 4: version, flags, stream (2), opcode, length (4), body. */
const HEADER_BYTES = 9;
const QUERY = 0x07;
const EXECUTE = 0x0a;
const BATCH = 0x0d;

/** Resolves when it listens on a free loopback port. */
export async function startSlowCql(node: string): Promise<SlowCql> {
  let statements = 0;
  let freeMs = 0;
  let pace: Pace = {};

  /** In its turn, which is later than the turns of all before it. */
  const passOn = async (frame: Buffer, upstream: Socket): Promise<void> => {
    if (![QUERY, EXECUTE, BATCH].includes(frame[4]!)) {
      upstream.write(frame);
      return;
    }
    statements += 1;
    const { delayMs = 0, perSecond = Number.POSITIVE_INFINITY, isDead = false } = pace;
    if (isDead) return;
    freeMs = Math.max(freeMs, performance.now()) + 1000 / perSecond;
    const waitMs = freeMs - performance.now() + delayMs;
    if (waitMs >= 1) await sleep(waitMs);
    if (!upstream.destroyed) upstream.write(frame);
  };

  const proxy = await startTcpProxy(node, (client, upstream) => {
    let pending = Buffer.alloc(0);
    client.on("data", (bytes: Buffer) => {
      pending = Buffer.concat([pending, bytes]);
      while (pending.length >= HEADER_BYTES) {
        const end = HEADER_BYTES + pending.readUInt32BE(5);
        if (pending.length < end) break;
        void passOn(pending.subarray(0, end), upstream);
        pending = pending.subarray(end);
      }
    });
    upstream.pipe(client);
  });
  return {
    ...proxy,
    get statements() {
      return statements;
    },
    get pace() {
      return pace;
    },
    set pace(next) {
      pace = next;
      freeMs = 0;
    },
  };
}
