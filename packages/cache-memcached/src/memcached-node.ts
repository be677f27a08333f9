import type { ChunkNode } from "@headwater/cache";
import type { Client } from "memjs";
import { UnsignedClient } from "./client.ts";
import { ConnectionError } from "./reply-reader.ts";
import { MemcachedServer } from "./server.ts";

export interface MemcachedNodeOptions {
  host: string;
  port: number;
  /** Replies on one connection come in order, so a few connections keep small ones from waiting for large ones. */
  connections?: number;
  /** Of silence, for a get; a set has 100 ms more. */
  timeoutMs?: number;
}

/** Beyond so many requests in flight a get is a miss at once, and a set is dropped. */
const MAX_IN_FLIGHT = 256;
/** Longer than the live edge needs chunks, short enough for an idle server to empty itself. */
const EXPIRES_SECONDS = 3600;
const MAX_KEY_BYTES = 250;

/**
 * One memcached server as a node of a zone. Rejects with ConnectionError when the server cannot be asked or does not
 * answer in time; what it refuses (too large, no memory, a key it does not take) is a miss, or a set that did not happen.
 */
export function memcachedNode(options: MemcachedNodeOptions): ChunkNode & { close(): void } {
  const { host, port, connections = 2, timeoutMs = 150 } = options;
  const pool = Array.from({ length: connections }, () => {
    const server = new MemcachedServer(host, port, timeoutMs);
    return { server, client: new UnsignedClient([server], { retries: 1, logger: { log() {} } }) };
  });

  /** The client with the fewest requests in flight; undefined when there are too many, or the key cannot be asked. */
  function clientFor(key: string): Client | undefined {
    const keyBytes = Buffer.byteLength(key);
    if (keyBytes === 0 || keyBytes > MAX_KEY_BYTES) return undefined;
    if (pool.reduce((sum, { server }) => sum + server.inFlight, 0) >= MAX_IN_FLIGHT) return undefined;
    const usable = pool.filter(({ server }) => server.usable);
    if (usable.length === 0) throw new ConnectionError(`${host}:${port} is not connected`);
    return usable.reduce((a, b) => (b.server.inFlight < a.server.inFlight ? b : a)).client;
  }

  /** Undefined for what cannot be asked now, or is refused. */
  async function ask<T>(
    key: string,
    request: (client: Client, done: (error: Error | null, result: T | null) => void) => void,
  ): Promise<T | undefined> {
    const client = clientFor(key);
    if (client === undefined) return undefined;
    return new Promise((resolve, reject) => {
      request(client, (error, result) =>
        error instanceof ConnectionError ? reject(error) : resolve(result ?? undefined),
      );
    });
  }

  return {
    async get(key) {
      return ask<Buffer>(key, (client, done) => client.get(key, done));
    },
    async set(key, value) {
      const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
      await ask<boolean>(key, (client, done) => client.set(key, bytes, { expires: EXPIRES_SECONDS }, done));
    },
    async has(key) {
      return (await ask<boolean>(key, (client, done) => client.touch(key, EXPIRES_SECONDS, done))) === true;
    },
    async addBriefly(key, value) {
      const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
      return (await ask<boolean>(key, (client, done) => client.add(key, bytes, { expires: 1 }, done))) === true;
    },
    close() {
      for (const { server } of pool) server.close();
    },
  };
}
