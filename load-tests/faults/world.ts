import { join } from "node:path";
import { requirePart, startMemcached, startRedis, type TestCassandra } from "@headwater/infra";
import { clusterSettings } from "../proof/harness/cluster.ts";

export type Store = "local" | "cluster";

/** A server that a fault stops and starts again, on the same port. */
export interface Victim {
  /** SIGKILL. */
  kill(): void;
  /** SIGSTOP: it takes connections, and answers nothing. */
  freeze(): void;
  /** Ends it if it still runs; resolves when another one answers in its place. */
  startAgain(): Promise<void>;
}

/** What Headwater runs on: nothing at all, or a Cassandra that others use too, with memcached and Redis of our own. */
export interface World {
  readonly settings: NodeJS.ProcessEnv;
  /** memcached zones, the origin's own first; none on the local store. */
  readonly zones: readonly Victim[];
  readonly redis: Victim | undefined;
  stop(): Promise<void>;
}

export const localWorld: World = { settings: {}, zones: [], redis: undefined, stop: async () => {} };

/** Starts two memcached zones and a Redis. Undefined where they are missing (see `requirePart`). */
export async function clusterWorld(cassandra: TestCassandra, dir: string): Promise<World | undefined> {
  const missing = [await requirePart("memcached"), await requirePart("redis-server")].includes(undefined);
  if (missing) return undefined;
  const zone = (name: string) => victim((port) => startMemcached({ dir: join(dir, name), ...port, memoryMb: 128 }));
  const [a, b, redis] = [await zone("a"), await zone("b"), await victim((port) => startRedis({ dir, ...port }))];
  const settings = {
    ...clusterSettings({ cassandra, memcached: a.part, redis: redis.part }),
    HEADWATER_MEMCACHED_ZONES: `a=${a.part.address};b=${b.part.address}`,
  };
  const stop = async () => {
    for (const { current } of [a, b, redis]) await current().stop();
  };
  return { settings, zones: [a, b], redis, stop };
}

interface Server {
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
}

async function victim<P extends Server>(
  start: (at: { port?: number }) => Promise<P>,
): Promise<Victim & { readonly part: P; current(): P }> {
  const part = await start({});
  let current = part;
  return {
    part,
    current: () => current,
    kill: () => process.kill(current.pid, "SIGKILL"),
    freeze: () => process.kill(current.pid, "SIGSTOP"),
    startAgain: async () => {
      await current.stop();
      current = await start({ port: part.port });
    },
  };
}
