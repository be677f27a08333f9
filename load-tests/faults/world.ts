import { join } from "node:path";
import {
  type CassandraNode,
  mountSmallDisk,
  requirePart,
  type SmallDisk,
  startCassandra,
  startMemcached,
  startRedis,
  type TestCassandra,
} from "@headwater/infra";
import { clusterSettings } from "../proof/harness/cluster.ts";
import { allOf, DISK_BYTES, type NodeVictim, nodeVictim, type Victim, victim } from "./victim.ts";

/**
 * `cluster` has one Cassandra node, which others may use too, `cluster3` three of its own, `regions` three in two
 * datacenters, and another region that reads the second one (`regions.ts`).
 */
export type Store = "local" | "cluster" | "cluster3" | "regions";
export const ALL_STORES: readonly Store[] = ["local", "cluster", "cluster3"];
export const CLUSTERS: readonly Store[] = ["cluster", "cluster3"];

/** What Headwater runs on: nothing at all, or a Cassandra with memcached and Redis of our own. */
export interface World {
  readonly settings: NodeJS.ProcessEnv;
  /** Cassandra nodes that may be struck; none where others use them too. */
  readonly nodes: readonly NodeVictim[];
  /** memcached zones of two nodes each, the origin's own first; none on the local store. */
  readonly zones: readonly Victim[];
  readonly redis: Victim | undefined;
  /** What an origin of the other region is to be given on top of `settings`; only `regions` has one. */
  readonly elsewhere?: NodeJS.ProcessEnv;
  /** Cassandra stays, with all its nodes whole again. */
  stop(): Promise<void>;
}

export const localWorld: World = { settings: {}, nodes: [], zones: [], redis: undefined, stop: async () => {} };

/** `contactPoint` names all nodes of `datacenter`, with commas between. */
export interface WorldCassandra extends TestCassandra {
  readonly nodes?: readonly CassandraNode[];
  /** One for each node, where the nodes have disks of their own. */
  readonly disks?: readonly SmallDisk[];
  /** Its second datacenter, that of the last node. */
  readonly far?: Pick<TestCassandra, "contactPoint" | "datacenter">;
}

/**
 * Three nodes of 512 MiB heap each, on 127.0.0.1 to 3. Undefined where they are missing (see `requirePart`).
 * `ownDisks`: each keeps its data and commit log on a small disk that can be filled.
 */
export async function startThreeNodes(dir: string, ownDisks: boolean): Promise<WorldCassandra | undefined> {
  if ((await requirePart("cassandra")) === undefined) return undefined;
  const folders = ownDisks ? [1, 2, 3].map((host) => join(dir, `node-127.0.0.${host}`)) : [];
  const mounted = await Promise.all(folders.map((folder) => mountSmallDisk(folder, DISK_BYTES)));
  const disks = mounted.filter((disk) => disk !== undefined);
  const { contactPoints, stop, ...cassandra } = await startCassandra({ nodes: 3, dir });
  return {
    ...cassandra,
    contactPoint: contactPoints.join(","),
    disks,
    stop: async () => {
      await stop();
      await Promise.all(disks.map((disk) => disk.remove()));
    },
  };
}

/** Starts two memcached zones and a Redis. Undefined where they are missing (see `requirePart`). */
export async function clusterWorld(cassandra: WorldCassandra, dir: string): Promise<World | undefined> {
  const missing = [await requirePart("memcached"), await requirePart("redis-server")].includes(undefined);
  if (missing) return undefined;
  const memcached = () => victim((at) => startMemcached({ dir, ...at, memoryMb: 64 }));
  const zones = await Promise.all(["a", "b"].map(() => Promise.all([memcached(), memcached()])));
  const redis = await victim((at) => startRedis({ dir, ...at }));
  const nodes = (cassandra.nodes ?? []).map((node, i) => nodeVictim(node, cassandra.disks?.[i]));
  const [a, b] = zones.map((zone) => zone.map(({ part }) => part.address).join(","));
  const settings = {
    ...clusterSettings({ cassandra, memcached: { address: a! }, redis: redis.part }),
    HEADWATER_MEMCACHED_ZONES: `a=${a};b=${b}`,
  };
  const stop = async () => {
    for (const { current } of [...zones.flat(), redis]) await current().stop();
    await Promise.all(nodes.filter((node) => node.isStruck()).map((node) => node.startAgain()));
  };
  return { settings, nodes, zones: zones.map(allOf), redis, stop };
}
