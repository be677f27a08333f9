import { decodeChunk, encodeChunk } from "./frame.ts";
import type { ChunkNode } from "./node.ts";

/** `error`: no answer, or a value that is not what was set. `out`: left out after failures, and so not asked. */
export type NodeRead = { outcome: "hit"; chunk: Buffer; value: Buffer } | { outcome: "miss" | "error" | "out" };
export type NodeWrite = "stored" | "error" | "out";

export interface GuardedNode {
  get(key: string): Promise<NodeRead>;
  set(key: string, value: Uint8Array): Promise<NodeWrite>;
  /** Whether it is left out now. */
  readonly isOut: boolean;
}

const FAILURES_TO_LEAVE_OUT = 3;
const TRIAL_EVERY_MS = 100;
const TRIAL_KEY = "trial";
const TRIAL_VALUE = encodeChunk(TRIAL_KEY, Buffer.from("what is set is what is got"));

/**
 * The one place where failures of a cache become misses. A circuit breaker: after three failures in a row, values that
 * are not what was set among them, the node is left out, which costs those who would have asked it nothing. While
 * somebody would, it is tried in the background, every 100 ms, with two small requests. Never rejects.
 */
export function guard(node: ChunkNode, nowMs: () => number): GuardedNode {
  let failures = 0;
  let trialAtMs = 0;
  let isTrying = false;
  const isOut = () => failures >= FAILURES_TO_LEAVE_OUT;

  function failed(): void {
    failures += 1;
    trialAtMs = nowMs() + TRIAL_EVERY_MS;
  }

  async function tryAgain(): Promise<void> {
    if (isTrying || nowMs() < trialAtMs) return;
    isTrying = true;
    if (await worksAgain(node)) failures = 0;
    else failed();
    isTrying = false;
  }

  return {
    async get(key) {
      if (isOut()) {
        void tryAgain();
        return { outcome: "out" };
      }
      try {
        const value = await node.get(key);
        const chunk = value && decodeChunk(key, value);
        if (value !== undefined && chunk === undefined) throw new Error("not the value that was set");
        failures = 0;
        return chunk === undefined ? { outcome: "miss" } : { outcome: "hit", chunk, value: value! };
      } catch {
        failed();
        return { outcome: "error" };
      }
    },
    async set(key, value) {
      if (isOut()) {
        void tryAgain();
        return "out";
      }
      try {
        await node.set(key, value);
        failures = 0;
        return "stored";
      } catch {
        failed();
        return "error";
      }
    },
    get isOut() {
      return isOut();
    },
  };
}

/** Whether the node answers, and rightly. One that keeps nothing, as when it is full, may still be read from. */
async function worksAgain(node: ChunkNode): Promise<boolean> {
  try {
    await node.set(TRIAL_KEY, TRIAL_VALUE);
    const value = await node.get(TRIAL_KEY);
    return value === undefined || decodeChunk(TRIAL_KEY, value) !== undefined;
  } catch {
    return false;
  }
}
