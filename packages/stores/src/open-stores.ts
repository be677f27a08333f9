import { type ChunkCache, READ_OUTCOMES, WRITE_OUTCOMES, type ZoneNode, zones } from "@headwater/cache";
import { memcachedZones } from "@headwater/cache-memcached";
import { guardedHome, type HomeKv, type Kv } from "@headwater/kv";
import { type CassandraKv, openCassandraKv, type StoreEvent, type StoreOperation } from "@headwater/kv-cassandra";
import { type LocalKv, openLocalKv, spareBytes } from "@headwater/kv-local";
import { hintsOnly, type Notices } from "@headwater/notices";
import { localNotices } from "@headwater/notices-local";
import { RedisNotices } from "@headwater/notices-redis";
import { beginAtZero, type Metrics, type Settings } from "@headwater/service-kit";

/** The stores of one process, as its settings name them. */
export interface Stores {
  readonly kv: Kv;
  /** Where writes are acknowledged, in a process that reads another datacenter; undefined in all others. */
  readonly home?: HomeKv;
  /** The cache zones; always empty on the embedded store and without memcached. */
  readonly cache: ChunkCache;
  readonly notices: Notices;
  /** Every memcached server; undefined on the embedded store. */
  readonly cacheNodes?: readonly ZoneNode[];
  /** The embedded store itself, for what only it needs: retention and sweeping. */
  readonly local?: LocalKv;
  /**
   * By how much this machine's clock is ahead of the store's, in ms; negative when behind. Undefined on the embedded
   * store, whose processes have one clock.
   */
  readonly clockAheadMs?: () => number;
  close(): Promise<void>;
}

export interface OpenOptions {
  /** Whether this process commits rows (publisher, control), and so sends notices. */
  readonly writes: boolean;
  /** Where the cache zones are counted. */
  readonly metrics?: Pick<
    Metrics,
    | "storeEventsTotal"
    | "zoneReadsTotal"
    | "zoneWritesTotal"
    | "zoneNodeOut"
    | "diskSpareBytes"
    | "clockAheadSeconds"
    | "storeSeconds"
  >;
  /** Told why the kv cannot be opened yet. */
  readonly onWaiting?: (reason: string) => void;
}

/** Of a cache server's silence, where no viewer waits for its answer. */
const BACKGROUND_CACHE_MS = 500;

/** The one place where adapters are named. Rejects with KvError when the kv cannot be opened. */
export async function openStores(settings: Settings, options: OpenOptions): Promise<Stores> {
  return settings.store.kind === "local"
    ? openEmbedded(settings.store, options)
    : openCluster(settings, settings.store, options);
}

type Store<K> = Extract<Settings["store"], { kind: K }>;

async function openEmbedded(store: Store<"local">, { metrics }: OpenOptions): Promise<Stores> {
  const local = await openLocalKv({
    dir: store.dataDir,
    ...(store.dataMaxBytes !== undefined && { maxBytes: store.dataMaxBytes }),
  });
  metrics?.diskSpareBytes.readFrom(async () => [{ labels: {}, value: await spareBytes(store.dataDir) }]);
  return {
    kv: local,
    cache: zones({ zones: [] }),
    notices: localNotices({ dir: store.dataDir }),
    local,
    close: async () => local.close(),
  };
}

async function openCluster(settings: Settings, store: Store<"cassandra">, options: OpenOptions): Promise<Stores> {
  const { writes, metrics } = options;
  const { kv, home, close } = await openKv(settings, store, options);
  const clockAheadMs = () => kv.clockAheadMs();
  metrics?.clockAheadSeconds.readFrom(() => [{ labels: {}, value: clockAheadMs() / 1000 }]);
  const cache = memcachedZones({
    zones: settings.memcachedZones,
    ...(settings.zone !== undefined && { own: settings.zone }),
    ...(settings.service === "worker" && { timeoutMs: BACKGROUND_CACHE_MS }),
    onRead: (read) => metrics?.zoneReadsTotal.inc({ ...read }),
    onWrite: (write) => metrics?.zoneWritesTotal.inc({ ...write }),
  });
  metrics?.zoneNodeOut.readFrom(() =>
    cache.nodes.map(({ zone, address: node, isOut }) => ({ labels: { zone, node }, value: isOut ? 1 : 0 })),
  );
  if (metrics !== undefined) {
    const zone = Object.keys(settings.memcachedZones);
    beginAtZero(metrics.zoneReadsTotal, { zone, outcome: READ_OUTCOMES });
    beginAtZero(metrics.zoneWritesTotal, { zone, outcome: WRITE_OUTCOMES });
    beginAtZero(metrics.storeEventsTotal, { table: ["rows", "chunks"], event: ["hedge", "retry", "failed"] });
  }
  const { redisUrl: url } = settings;
  const channel = `${store.keyspace}:notices`;
  const redis = url === undefined ? undefined : new RedisNotices({ url, channel, publisher: writes });
  return {
    kv,
    ...(home !== undefined && { home }),
    cache,
    cacheNodes: cache.nodes,
    clockAheadMs,
    notices: home === undefined ? (redis ?? noNotices) : hintsOnly(redis ?? noNotices),
    close: async () => {
      await redis?.close();
      cache.close();
      await close();
    },
  };
}

/**
 * The kv of this process's own datacenter. An origin that reads another one than is written to leaves the schema to
 * those who write, and has their datacenter as its home.
 */
async function openKv(
  { service }: Settings,
  store: Store<"cassandra">,
  { metrics, onWaiting }: OpenOptions,
): Promise<Pick<Stores, "home" | "close"> & { readonly kv: CassandraKv }> {
  const { contactPoints, dataCenter, readContactPoints, readDataCenter, keyspace, addressMap, replication } = store;
  const common = {
    keyspace,
    ...(addressMap !== undefined && { addressMap }),
    ...(replication !== undefined && { replication }),
    onEvent: (event: StoreEvent) => metrics?.storeEventsTotal.inc({ ...event }),
  };
  const written = { contactPoints, localDataCenter: dataCenter };
  const read = { contactPoints: readContactPoints, localDataCenter: readDataCenter };
  const isBehind = service === "origin" && readDataCenter !== dataCenter;
  const kv = await openCassandraKv({
    ...common,
    ...(service === "origin" ? read : written),
    ...(isBehind && { role: "user" }),
    ...(onWaiting !== undefined && { onWaiting }),
    ...(metrics !== undefined && { onOperation: timed(metrics.storeSeconds) }),
  });
  if (!isBehind) return { kv, close: () => kv.close() };
  let opened: CassandraKv | undefined;
  const open = async () => {
    opened = await openCassandraKv({ ...common, ...written, role: "user", waitMs: 0 });
    return opened;
  };
  const home = guardedHome(open, { onAsk: (event, table) => metrics?.storeEventsTotal.inc({ table, event }) });
  return { kv, home, close: async () => void (await Promise.all([kv.close(), opened?.close()])) };
}

function timed(seconds: Metrics["storeSeconds"]): (operation: StoreOperation) => void {
  const read = {
    rows: seconds.series({ table: "rows", operation: "read" }),
    chunks: seconds.series({ table: "chunks", operation: "read" }),
  };
  const write = {
    rows: seconds.series({ table: "rows", operation: "write" }),
    chunks: seconds.series({ table: "chunks", operation: "write" }),
  };
  const of = { read, write };
  return ({ table, operation, tookMs }) => of[operation][table].observe(tookMs / 1000);
}

/** Without Redis nobody is told of anything: readers look at the kv themselves. */
const noNotices: Notices = {
  publish: async () => {},
  subscribe: async () => ({ completeUntilMs: () => 0, close: async () => {} }),
};
