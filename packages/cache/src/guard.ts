import type { ChunkNode } from "./node.ts";

export type NodeRead = { outcome: "hit"; value: Buffer } | { outcome: "miss" } | { outcome: "error" };

export interface GuardedNode {
  get(key: string): Promise<NodeRead>;
  set(key: string, value: Uint8Array): Promise<void>;
}

const FAILURES_TO_OPEN = 3;
const PAUSE_MS = 1000;

/**
 * The one place where failures of a cache become misses. A circuit breaker: after three failures in a row the node is
 * left alone for a second, then tried with one request at a time until one succeeds. Never rejects.
 */
export function guard(node: ChunkNode, nowMs: () => number): GuardedNode {
  let failures = 0;
  let pausedUntilMs = 0;
  let trying = false;

  async function attempt<T>(operation: () => Promise<T>): Promise<{ result: T } | undefined> {
    const trial = failures >= FAILURES_TO_OPEN;
    if (trial) {
      if (trying || nowMs() < pausedUntilMs) return undefined;
      trying = true;
    }
    try {
      const result = await operation();
      failures = 0;
      return { result };
    } catch {
      failures += 1;
      pausedUntilMs = nowMs() + PAUSE_MS;
      return undefined;
    } finally {
      if (trial) trying = false;
    }
  }

  return {
    async get(key) {
      const answer = await attempt(() => node.get(key));
      if (answer === undefined) return { outcome: "error" };
      return answer.result === undefined ? { outcome: "miss" } : { outcome: "hit", value: answer.result };
    },
    async set(key, value) {
      await attempt(() => node.set(key, value));
    },
  };
}
