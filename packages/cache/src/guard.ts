import { decodeChunk, encodeChunk, isFramed } from "./frame.ts";
import type { ChunkNode } from "./node.ts";

/** `error`: no answer, or a value that is not what was set. `out`: left out after failures, and so not asked. */
export type NodeRead = { outcome: "hit"; chunk: Buffer; value: Buffer } | { outcome: "miss" | "error" | "out" };
export type NodeWrite = "stored" | "error" | "out";

export interface GuardedNode {
  get(key: string): Promise<NodeRead>;
  set(key: string, value: Uint8Array): Promise<NodeWrite>;
  /** Undefined when it does not answer. */
  has(key: string): Promise<boolean | undefined>;
  /** As `has`. */
  addBriefly(key: string, value: Uint8Array): Promise<boolean | undefined>;
  /** Whether it is left out now. */
  readonly isOut: boolean;
}

const FAILURES_TO_LEAVE_OUT = 3;
const TRIAL_EVERY_MS = 100;
const TRIAL_KEY = "trial";
/** So large that a node that answers, but crawls, cannot bring it in time. */
const TRIAL_VALUE = encodeChunk(TRIAL_KEY, Buffer.alloc(64 * 1024, "what is set is what is got"));

/**
 * The one place where failures of a cache become misses. A circuit breaker: after three failures in a row, values that
 * are not what was set among them, the node is left out, which costs those who would have asked it nothing. While
 * somebody would, it is tried in the background, every 100 ms, by a set and a get. Never rejects.
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

  async function attempt<T>(operation: () => Promise<T>): Promise<T | "error" | "out"> {
    if (isOut()) {
      void tryAgain();
      return "out";
    }
    try {
      const result = await operation();
      failures = 0;
      return result;
    } catch {
      failed();
      return "error";
    }
  }

  async function answered(operation: () => Promise<boolean>): Promise<boolean | undefined> {
    const answer = await attempt(operation);
    return typeof answer === "string" ? undefined : answer;
  }

  return {
    async get(key) {
      const read = await attempt(() => readChecked(node, key));
      return typeof read === "string" ? { outcome: read } : read;
    },
    set: (key, value) =>
      attempt(async (): Promise<"stored"> => {
        await node.set(key, value);
        return "stored";
      }),
    has: (key) => answered(() => node.has(key)),
    addBriefly: (key, value) => answered(() => node.addBriefly(key, value)),
    get isOut() {
      return isOut();
    },
  };
}

async function readChecked(node: ChunkNode, key: string): Promise<NodeRead> {
  const value = await node.get(key);
  // What another version of Headwater has stored is no fault of the node.
  if (value === undefined || !isFramed(value)) return { outcome: "miss" };
  const chunk = decodeChunk(key, value);
  if (chunk === undefined) throw new Error("not the value that was set");
  return { outcome: "hit", chunk, value };
}

/** Whether the node answers, and rightly. One that keeps nothing, as when it is full, may still be read from. */
async function worksAgain(node: ChunkNode): Promise<boolean> {
  try {
    await node.set(TRIAL_KEY, TRIAL_VALUE);
    await readChecked(node, TRIAL_KEY);
    return true;
  } catch {
    return false;
  }
}
