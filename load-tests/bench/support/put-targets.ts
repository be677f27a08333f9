import { join } from "node:path";
import { initSegment, startCassandra, startHeadwater, startMemcached, startRedis } from "@headwater/infra";
import { keptAlivePut } from "./put-client.ts";
import { type PutTarget, SEGMENT_MS } from "./put-comparison.ts";

/** Numbers begin so long ago that as many as are needed are due, and none has left the DVR window. */
const STARTED_MS = 3.9 * 3600 * 1000;

export const CLUSTER = "Headwater, cluster";
export const EMBEDDED = "Headwater, embedded store";
export const COMMIT_LOG = "one node, commit log synced every 10 s";

type Stops = (() => Promise<void>)[];

/** Headwater on one Cassandra node, two memcached zones and Redis. What is to be stopped is added to `stops`. */
export async function clusterTarget(dir: string, stops: Stops) {
  const started = <T extends { stop(): Promise<void> }>(part: T): T => {
    stops.push(part.stop);
    return part;
  };
  const { contactPoints, datacenter } = started(await startCassandra({ nodes: 1, dir }));
  const contactPoint = contactPoints[0]!;
  const redis = started(await startRedis({ dir }));
  const [a, b] = [started(await startMemcached({ dir })), started(await startMemcached({ dir }))];
  const keyspace = `bench_${process.pid}_${Date.now()}`;
  const env = {
    HEADWATER_STORE: "cassandra",
    HEADWATER_CASSANDRA_CONTACT_POINTS: contactPoint,
    HEADWATER_CASSANDRA_DATACENTER: datacenter,
    HEADWATER_CASSANDRA_KEYSPACE: keyspace,
    HEADWATER_MEMCACHED_ZONES: `a=${a.address};b=${b.address}`,
    HEADWATER_REDIS_URL: redis.url,
  };
  const headwater = started(await startHeadwater({ dir: join(dir, "cluster"), env }));
  const target = { name: CLUSTER, durability: COMMIT_LOG, write: await publisherWriter(headwater) };
  return { ...target, contactPoint, datacenter, keyspace };
}

/** Headwater on its embedded store. */
export async function embeddedTarget(dir: string, stops: Stops): Promise<PutTarget> {
  const headwater = await startHeadwater({ dir: join(dir, "embedded") });
  stops.push(headwater.stop);
  return { name: EMBEDDED, durability: "synced to disk", write: await publisherWriter(headwater) };
}

async function publisherWriter(headwater: Awaited<ReturnType<typeof startHeadwater>>): Promise<PutTarget["write"]> {
  const startTime = new Date(Date.now() - STARTED_MS).toISOString();
  const event = await headwater.createEvent({ id: "bench", timeline: "fixed", startTime, segmentDuration: SEGMENT_MS });
  await event.put("720p/init.mp4", initSegment());
  return numbered(keptAlivePut(`${event.publishUrl}/720p`, event.publishToken));
}

/** Writes `1.m4s`, `2.m4s` and so on. */
export function numbered(put: (path: string, body: Buffer) => Promise<void>): PutTarget["write"] {
  let number = 0;
  return async (body) => {
    number += 1;
    await put(`${number}.m4s`, body);
  };
}
