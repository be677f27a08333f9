import { Redis } from "ioredis";

const CONNECT_MS = 1000;
/** A connection that owes an answer for longer is dropped, and made anew. */
const SILENT_SOCKET_MS = 1000;
const RECONNECT_MS = [50, 500] as const;

/** Where notices go, and by whose clock (ms since the Unix epoch). */
export interface ChannelOptions {
  readonly url: string;
  readonly channel: string;
  readonly nowMs: () => number;
}

/** A connection that never queues, never sends a command again, and comes back by itself. */
export function connect(url: string): Redis {
  const redis = new Redis(url, {
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    maxRetriesPerRequest: 0,
    connectTimeout: CONNECT_MS,
    socketTimeout: SILENT_SOCKET_MS,
    retryStrategy: (attempt) => Math.min(attempt * RECONNECT_MS[0], RECONNECT_MS[1]),
  });
  // Each of these is followed by another attempt; what it means shows in `completeUntilMs` and in gaps.
  redis.on("error", () => {});
  return redis;
}
