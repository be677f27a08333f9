export interface ClusterParts {
  /** `contactPoint`: host:port, or several of them with commas between. */
  readonly cassandra: { readonly contactPoint: string; readonly datacenter: string };
  readonly memcached: { readonly address: string };
  readonly redis: { readonly url: string };
}

/** Settings for Cassandra, memcached and Redis that run already, with a keyspace that nobody else uses. */
export function clusterSettings({ cassandra, memcached, redis }: ClusterParts): NodeJS.ProcessEnv {
  return {
    HEADWATER_STORE: "cassandra",
    HEADWATER_CASSANDRA_CONTACT_POINTS: cassandra.contactPoint,
    HEADWATER_CASSANDRA_DATACENTER: cassandra.datacenter,
    HEADWATER_CASSANDRA_KEYSPACE: `proof_${process.pid}_${Date.now()}`,
    HEADWATER_MEMCACHED_ZONES: `a=${memcached.address}`,
    HEADWATER_ZONE: "a",
    HEADWATER_REDIS_URL: redis.url,
  };
}
