import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startCassandra } from "./parts/cassandra.ts";
import { startMemcached } from "./parts/memcached.ts";
import { startRedis } from "./parts/redis.ts";
import { requirePart } from "./require-part.ts";

export interface TestCassandra {
  /** `host:port` of one node. */
  readonly contactPoint: string;
  readonly datacenter: string;
  stop(): Promise<void>;
}

/**
 * A Cassandra for one test file, which keeps to a keyspace of its own: the node that HEADWATER_TEST_CASSANDRA
 * (host:port) names, else one that is started here, which is not `shortLived` where its speed is measured. Undefined where Cassandra cannot run (see `requirePart`).
 */
export async function cassandraForTests({ shortLived = true } = {}): Promise<TestCassandra | undefined> {
  const given = process.env.HEADWATER_TEST_CASSANDRA;
  if (given) return { contactPoint: given, datacenter: "datacenter1", stop: async () => {} };
  if (!(await requirePart("cassandra"))) return undefined;
  const { dir, remove } = await scratch();
  const { contactPoints, datacenter, stop } = await startCassandra({ nodes: 1, dir, shortLived });
  return { contactPoint: contactPoints[0]!, datacenter, stop: () => stop().then(remove) };
}

/** The Redis that HEADWATER_TEST_REDIS (a URL) names, else one of the caller's own; undefined where there is none. */
export async function redisForTests(): Promise<{ url: string; stop(): Promise<void> } | undefined> {
  const given = process.env.HEADWATER_TEST_REDIS;
  if (given) return { url: given, stop: async () => {} };
  if (!(await requirePart("redis-server"))) return undefined;
  const { dir, remove } = await scratch();
  const { url, stop } = await startRedis({ dir });
  return { url, stop: () => stop().then(remove) };
}

/** The memcached that HEADWATER_TEST_MEMCACHED (host:port) names, else one of the caller's own; undefined where there is none. */
export async function memcachedForTests(): Promise<{ address: string; stop(): Promise<void> } | undefined> {
  const given = process.env.HEADWATER_TEST_MEMCACHED;
  if (given) return { address: given, stop: async () => {} };
  if (!(await requirePart("memcached"))) return undefined;
  const { dir, remove } = await scratch();
  const { address, stop } = await startMemcached({ dir });
  return { address, stop: () => stop().then(remove) };
}

async function scratch(): Promise<{ dir: string; remove(): Promise<void> }> {
  const dir = await mkdtemp(join(tmpdir(), "headwater-"));
  return { dir, remove: () => rm(dir, { recursive: true, force: true }) };
}
