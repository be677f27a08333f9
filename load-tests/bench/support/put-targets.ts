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
  const { env, ...cassandra } = await startCluster(dir, stops);
  const headwater = await startHeadwater({ dir: join(dir, "cluster"), env });
  stops.push(headwater.stop);
  const { write } = await publisherWriter(headwater);
  return { name: CLUSTER, durability: COMMIT_LOG, write, ...cassandra };
}

/** One Cassandra node, two memcached zones and Redis, and the settings for them. */
export async function startCluster(dir: string, stops: Stops) {
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
  return { env, contactPoint, datacenter, keyspace };
}

/** Headwater on its embedded store. */
export async function embeddedTarget(dir: string, stops: Stops): Promise<PutTarget> {
  const headwater = await startHeadwater({ dir: join(dir, "embedded") });
  stops.push(headwater.stop);
  const { write } = await publisherWriter(headwater);
  return { name: EMBEDDED, durability: "synced to disk", write };
}

type Headwater = Awaited<ReturnType<typeof startHeadwater>>;

/** An event with one rendition, how to write its next segment, and where all are read. */
export async function publisherWriter(headwater: Headwater) {
  const { put, readUrl } = await publisher(headwater);
  await put("720p/init.mp4", initSegment());
  return { write: numbered((path, body) => put(`720p/${path}`, body)), readUrl: `${readUrl}/720p` };
}

/** An event, how to write to it, and where it is read. */
export async function publisher(headwater: Headwater) {
  const startTime = new Date(Date.now() - STARTED_MS).toISOString();
  const event = await headwater.createEvent({ id: "bench", timeline: "fixed", startTime, segmentDuration: SEGMENT_MS });
  const put = keptAlivePut(event.publishUrl, event.publishToken);
  return { put, readUrl: `${headwater.origin.url}/live/bench/v1` };
}

/** Writes `1.m4s`, `2.m4s` and so on. */
export function numbered(put: (path: string, body: Buffer) => Promise<void>): PutTarget["write"] {
  let number = 0;
  return async (body) => {
    number += 1;
    await put(`${number}.m4s`, body);
  };
}
