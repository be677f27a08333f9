/**
 * Every HEADWATER_* setting, once. Validation, the typed values and docs/settings.md all come from this table, so a
 * setting that is not here does not exist: its variable stops the start.
 */
import * as kind from "./kind.ts";

export const SERVICES = ["publisher", "origin", "control", "worker"] as const;
export type ServiceName = (typeof SERVICES)[number];

export type Setting<T, D extends string | undefined = string | undefined> = {
  readonly group: string;
  readonly kind: kind.Kind<T>;
  /** The text taken when the variable is not set; undefined: the value is then undefined. */
  readonly default: D;
  /** What the default is, where a text cannot say it. */
  readonly defaultProse?: string;
  readonly services: readonly ServiceName[];
  readonly prose: string;
};

const ALL = SERVICES;
const BOTH: readonly ServiceName[] = ["publisher", "origin"];
const MIB = 1024 * 1024;

const stores = group("Stores");
const listening = group("Listening");
const access = group("Access");
const limits = group("Limits");

export const SETTINGS = {
  HEADWATER_STORE: stores(kind.choice(["local", "cassandra"]), "local", ALL, {
    prose:
      "Where events and media live: SQLite and files in HEADWATER_DATA_DIR, or a Cassandra cluster. memcached and Redis go with the cluster only; each of them may be missing.",
  }),
  HEADWATER_DATA_DIR: stores(kind.path, "./data", ALL, {
    prose: "Folder of the local store, relative to the working directory; made when missing.",
  }),
  HEADWATER_DATA_MAX_BYTES: stores(kind.integer("bytes", MIB, Number.MAX_SAFE_INTEGER), undefined, ALL, {
    defaultProse: "no limit but the disk",
    prose:
      "Room of the local store: the oldest media is removed first, and a PUT is answered 507 before the disk is full.",
  }),
  HEADWATER_CASSANDRA_CONTACT_POINTS: stores(kind.addresses, undefined, ALL, {
    defaultProse: "none; required with HEADWATER_STORE=cassandra",
    prose: "Nodes that are asked first for the members of the cluster.",
  }),
  HEADWATER_CASSANDRA_DATACENTER: stores(kind.cassandraName, "datacenter1", ALL, {
    prose:
      "The datacenter whose nodes are used, and no others. The same for all publishers and controls of a keyspace, in whatever region they are.",
  }),
  HEADWATER_CASSANDRA_REPLICATION: stores(kind.replication, undefined, ALL, {
    defaultProse: "three copies in each datacenter, or as many as it has nodes",
    prose: "Copies in each datacenter, for the keyspace where it has to be made. One that exists is not changed.",
  }),
  HEADWATER_CASSANDRA_KEYSPACE: stores(kind.cassandraName, "headwater", ALL, {
    prose: "The keyspace of Headwater's tables.",
  }),
  HEADWATER_CASSANDRA_ADDRESS_MAP: stores(kind.addressMap, undefined, ALL, {
    defaultProse: "none",
    prose: "Addresses to use in place of those the nodes give: behind a proxy, or in a fault drill.",
  }),
  HEADWATER_CASSANDRA_READ_CONTACT_POINTS: stores(kind.addresses, undefined, ["origin"], {
    defaultProse: "HEADWATER_CASSANDRA_CONTACT_POINTS",
    prose: "Contact points of the datacenter that the origin reads from, so that reads load other nodes than PUTs.",
  }),
  HEADWATER_CASSANDRA_READ_DATACENTER: stores(kind.cassandraName, undefined, ["origin"], {
    defaultProse: "HEADWATER_CASSANDRA_DATACENTER",
    prose:
      "The datacenter that the origin reads from. If it is not HEADWATER_CASSANDRA_DATACENTER, that one is asked only for what has not arrived here, before it is said to be missing.",
  }),
  HEADWATER_MEMCACHED_ZONES: stores(kind.memcachedZones, undefined, BOTH, {
    defaultProse: "no memcached",
    prose: "The memcached zones, each a full copy. The publisher fills all of them; the origin asks its own first.",
  }),
  HEADWATER_ZONE: stores(kind.id, undefined, BOTH, {
    defaultProse: "the first of HEADWATER_MEMCACHED_ZONES",
    prose: "The zone of this process: read first.",
  }),
  HEADWATER_REDIS_URL: stores(kind.url(["redis:", "rediss:"], "redis://127.0.0.1:6379"), undefined, ALL, {
    defaultProse: "no Redis",
    prose:
      "Redis for notices and background jobs. Without it, processes find new segments by reading, and jobs run on timers.",
  }),
  HEADWATER_REGION: stores(kind.id, "local", ALL, {
    prose: "The region of this process, and so of pipelines that are created without one.",
  }),

  HEADWATER_PUBLISHER_LISTEN: listening(kind.address, "127.0.0.1:7101", ["publisher", "control"], {
    prose: "Where encoders publish.",
  }),
  HEADWATER_ORIGIN_LISTEN: listening(kind.address, "127.0.0.1:7102", ["origin", "control"], {
    prose: "Where edges read.",
  }),
  HEADWATER_CONTROL_LISTEN: listening(kind.address, "127.0.0.1:7103", ["control"], {
    prose: "The REST API and the dashboard.",
  }),
  HEADWATER_PUBLISHER_ADMIN_LISTEN: listening(kind.address, "127.0.0.1:7111", ["publisher"], {
    prose: "Health and metrics of the first publisher; each further one listens ten ports higher.",
  }),
  HEADWATER_ORIGIN_ADMIN_LISTEN: listening(kind.address, "127.0.0.1:7112", ["origin"], {
    prose: "Health and metrics of the first origin; each further one listens ten ports higher.",
  }),
  HEADWATER_CONTROL_ADMIN_LISTEN: listening(kind.address, "127.0.0.1:7113", ["control"], {
    prose: "Health and metrics of the first control; each further one listens ten ports higher.",
  }),
  HEADWATER_WORKER_ADMIN_LISTEN: listening(kind.address, "127.0.0.1:7114", ["worker"], {
    prose: "Health and metrics of the first worker; each further one listens ten ports higher.",
  }),
  HEADWATER_PUBLISHER_PROCESSES: listening(kind.integer("processes", 1, 64), "1", [], {
    prose: "How many publishers `npm start` runs; they share the data port.",
  }),
  HEADWATER_ORIGIN_PROCESSES: listening(kind.integer("processes", 1, 64), "1", ["origin"], {
    prose: "How many origins `npm start` runs; they share the data port and HEADWATER_MEMORY_CACHE_BYTES.",
  }),
  HEADWATER_PROCESS_INDEX: listening(kind.integer("", 0, 99), "0", ALL, {
    prose: "Which process of its kind this is, from 0: ten times as much is added to its admin port.",
  }),
  HEADWATER_PUBLISH_URL: listening(
    kind.url(["http:", "https:"], "https://publish.example.com"),
    undefined,
    ["control"],
    {
      defaultProse: "http:// and HEADWATER_PUBLISHER_LISTEN",
      prose: "How encoders reach the publisher: the beginning of every `publishUrl`.",
    },
  ),
  HEADWATER_ORIGIN_URL: listening(kind.url(["http:", "https:"], "https://origin.example.com"), undefined, ["control"], {
    defaultProse: "http:// and HEADWATER_ORIGIN_LISTEN",
    prose: "How the dashboard's player reaches the origin.",
  }),

  HEADWATER_OPERATOR_TOKENS: access(kind.namedTokens, undefined, ["control"], {
    defaultProse: "none",
    prose: "Who may use the control API; the name stands in the audit log. Control does not start without a token.",
  }),
  HEADWATER_OPERATOR_TOKEN: access(kind.token, undefined, ["control"], {
    defaultProse: "none; `npm start` makes one and keeps it in HEADWATER_DATA_DIR",
    prose: "One more operator token, under the name `operator`.",
  }),
  HEADWATER_CDN_TOKENS: access(kind.namedTokens, undefined, ["origin", "control"], {
    defaultProse: "empty: open to everyone",
    prose: "Who may read from the origin. Empty is refused when the origin listens beyond loopback.",
  }),
  HEADWATER_EDGES: access(kind.edges, undefined, ["control", "worker"], {
    defaultProse: "none",
    prose: "Edges that are purged, besides those named through the control API. Checked, but not yet in force.",
  }),

  HEADWATER_DVR_READS_PER_SECOND: limits(kind.integer("reads/s", 0, 1_000_000), "200", ["origin"], {
    prose:
      "Reads of segments older than the live edge that one origin process may ask of storage; above, 503 with Retry-After: 5. 0 keeps them all from it.",
  }),
  HEADWATER_STORE_READS_IN_FLIGHT: limits(kind.integer("reads", 1, 10_000), "64", ["origin"], {
    prose:
      "Reads that one origin process may have under way in the store, whatever they are for. The live edge waits for its turn, DVR reads are shed.",
  }),
  HEADWATER_STORE_READ_TARGET_MS: limits(kind.integer("ms", 1, 60_000), "100", ["origin"], {
    prose:
      "Latency of store reads up to which more of them are welcome; above, DVR reads are shed as soon as reads wait for each other in the store.",
  }),
  HEADWATER_STORE_READ_DELAY_MS: limits(kind.integer("ms", 0, 60_000), "0", ["origin"], {
    prose: "Delay added to every store read: a drill of a slow store. Above 5000 every read fails after 5 s.",
  }),
  HEADWATER_MEMORY_CACHE_BYTES: limits(kind.integer("bytes", 0, 1024 * 1024 * MIB), String(256 * MIB), ["origin"], {
    prose:
      "Media that the origins of a machine keep in memory: each process of HEADWATER_ORIGIN_PROCESSES an equal share.",
  }),
  HEADWATER_HOLDS_MAX: limits(kind.integer("requests", 0, 1_000_000), "20000", ["origin"], {
    prose: "Requests that one origin process holds for segments still to come; above, 404 for 1 s.",
  }),
  HEADWATER_REQUESTS_MAX: limits(kind.integer("requests", 1, 1_000_000), "25000", ["origin"], {
    prose:
      "Requests that one origin process has under way, held ones among them; above, 503 for edges that have their equal share of them.",
  }),
  HEADWATER_CONNECTIONS_MAX: limits(kind.integer("connections", 1, 1_000_000), "50000", ["origin"], {
    prose: "Connections of one origin process; further ones are closed at once.",
  }),
  HEADWATER_MEDIA_IN_FLIGHT_BYTES: limits(
    kind.integer("bytes", MIB, 1024 * 1024 * MIB),
    String(512 * MIB),
    ["origin"],
    {
      prose:
        "Media that the answers of one origin process, while they are read and sent, may keep in memory beside HEADWATER_MEMORY_CACHE_BYTES; above, 503, for DVR segments from three quarters of it on.",
    },
  ),
  HEADWATER_PUBLISHER_MAX_SEGMENT_BYTES: limits(
    kind.integer("bytes", 1024, 1024 * MIB),
    String(32 * MIB),
    ["publisher"],
    { prose: "Largest segment or init; above, 413." },
  ),
  HEADWATER_PUBLISHER_MAX_PLAYLIST_BYTES: limits(kind.integer("bytes", 1024, MIB), String(MIB), ["publisher"], {
    prose: "Largest playlist; above, 413.",
  }),
  HEADWATER_DRAIN_DELAY_MS: limits(kind.integer("ms", 0, 10_000), "2000", ALL, {
    prose: "How long a process that was told to end stays open, for load balancers to see its 503 on /readyz.",
  }),
  HEADWATER_CLOCK_TOLERANCE_MS: limits(kind.integer("ms", 0, 5_000), "500", ALL, {
    prose: "How far the clocks of two processes may be apart.",
  }),
  HEADWATER_LOG_LEVEL: limits(
    kind.choice(["trace", "debug", "info", "warn", "error", "fatal", "silent"]),
    "info",
    ALL,
    { prose: "The least important message that is logged." },
  ),
  HEADWATER_INSTALL: limits(kind.choice(["0", "1"]), "1", [], {
    prose: "0: `npm test` does not install the real parts (Cassandra, memcached, Redis, edges) that tests use.",
  }),
} satisfies Record<string, Setting<unknown>>;

type Table = typeof SETTINGS;
export type Variable = keyof Table;

/** The value of each variable: never undefined where the table has a default. */
export type Values = {
  readonly [V in Variable]: Table[V] extends Setting<infer T, infer D> ? (D extends string ? T : T | undefined) : never;
};

/** Variables that begin like this belong to the test runner and are ignored by services. */
export const TEST_PREFIX = "HEADWATER_TEST_";

function group(name: string) {
  return <T, D extends string | undefined>(
    settingKind: kind.Kind<T>,
    defaultText: D,
    services: readonly ServiceName[],
    texts: { prose: string; defaultProse?: string },
  ): Setting<T, D> => ({ group: name, kind: settingKind, default: defaultText, services, ...texts });
}
