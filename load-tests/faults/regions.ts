import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  type CassandraNode,
  ROOT,
  requirePart,
  startCassandra,
  startMemcached,
  startRedis,
  until,
} from "@headwater/infra";
import { clusterWorld, type World, type WorldCassandra } from "./world.ts";

/** Tables on three nodes take their time where they share two processors. */
const SCHEMA_MS = 180_000;

/**
 * Two nodes of 512 MiB heap in `west`, one in `east`, the last; `brief`: one in each, short-lived. Undefined where they are
 * missing (see `requirePart`).
 */
export async function startTwoDatacenters(dir: string, brief = false): Promise<WorldCassandra | undefined> {
  if ((await requirePart("cassandra")) === undefined) return undefined;
  const datacenters = brief ? ["west", "east"] : ["west", "west", "east"];
  const { nodes, stop } = await startCassandra({ nodes: brief ? 2 : 3, dir, datacenters, shortLived: brief });
  return { nodes, stop, ...placeOf("west", nodes), far: placeOf("east", nodes) };
}

function placeOf(datacenter: string, nodes: readonly CassandraNode[]) {
  const own = nodes.filter((node) => node.datacenter === datacenter);
  return { datacenter, contactPoint: own.map(({ host, port }) => `${host}:${port}`).join(",") };
}

/**
 * A cluster whose first region publishes and reads, and one that only reads: from its own datacenter, with a memcached
 * and a Redis of its own.
 */
export async function regionsWorld(
  cassandra: WorldCassandra,
  far: NonNullable<WorldCassandra["far"]>,
  dir: string,
): Promise<World | undefined> {
  const near = await clusterWorld(cassandra, dir);
  if (near === undefined) return undefined;
  const [memcached, redis] = await Promise.all([startMemcached({ dir, memoryMb: 64 }), startRedis({ dir })]);
  const { datacenter, nodes = [] } = cassandra;
  // Each node has a copy of everything: with one copy on two nodes, half of all segments would be away with one of them.
  const copies = nodes.filter((node) => node.datacenter === datacenter).length;
  const settings = {
    ...near.settings,
    HEADWATER_CASSANDRA_REPLICATION: `${datacenter}=${copies},${far.datacenter}=1`,
    HEADWATER_REGION: datacenter,
  };
  await until(() => makeSchema(settings), SCHEMA_MS);
  const elsewhere = {
    HEADWATER_CASSANDRA_READ_CONTACT_POINTS: far.contactPoint,
    HEADWATER_CASSANDRA_READ_DATACENTER: far.datacenter,
    HEADWATER_MEMCACHED_ZONES: `${far.datacenter}=${memcached.address}`,
    HEADWATER_ZONE: far.datacenter,
    HEADWATER_REDIS_URL: redis.url,
    HEADWATER_REGION: far.datacenter,
  };
  const stop = async () => {
    await Promise.all([memcached.stop(), redis.stop()]);
    await near.stop();
  };
  return { ...near, settings, elsewhere, stop };
}

/** As an operator does, before the services start. */
async function makeSchema(settings: NodeJS.ProcessEnv): Promise<void> {
  const env = { PATH: process.env.PATH, ...settings };
  await promisify(execFile)(process.execPath, [join(ROOT, "tools", "schema.ts")], { env, timeout: SCHEMA_MS });
}
