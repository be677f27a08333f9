import { resolve } from "node:path";
import { checkCombinations } from "./check.ts";
import { SettingsError } from "./error.ts";
import type { Address, EdgeSetting, MemcachedZones, NamedToken } from "./kind.ts";
import type { ServiceName, Values } from "./table.ts";
import { type Environment, readValues } from "./values.ts";

export type StoreSettings =
  | { readonly kind: "local"; readonly dataDir: string; readonly dataMaxBytes?: number }
  | {
      readonly kind: "cassandra";
      readonly contactPoints: readonly string[];
      readonly dataCenter: string;
      readonly keyspace: string;
      readonly addressMap?: Readonly<Record<string, string>>;
      /** Copies in each datacenter, where the keyspace has to be made; undefined: as its nodes are. */
      readonly replication?: Readonly<Record<string, number>>;
      readonly readContactPoints: readonly string[];
      readonly readDataCenter: string;
    };

export type Limits = {
  readonly dvrReadsPerSecond: number;
  readonly storeReadsInFlight: number;
  readonly storeReadTargetMs: number;
  readonly storeReadDelayMs: number;
  /** Of one process. */
  readonly memoryCacheBytes: number;
  readonly holdsMax: number;
  readonly requestsMax: number;
  readonly connectionsMax: number;
  readonly mediaInFlightBytes: number;
  readonly maxSegmentBytes: number;
  readonly maxPlaylistBytes: number;
  readonly drainDelayMs: number;
  readonly clockToleranceMs: number;
};

export type Settings = {
  readonly service: ServiceName;
  readonly processIndex: number;
  readonly region: string;
  /** Absolute; also where the supervisor keeps what it must remember. */
  readonly dataDir: string;
  readonly store: StoreSettings;
  /** Empty: no memcached. */
  readonly memcachedZones: MemcachedZones;
  /** The zone read first; undefined without memcached. */
  readonly zone: string | undefined;
  readonly redisUrl: string | undefined;
  readonly listen: Readonly<Record<"publisher" | "origin" | "control", Address>>;
  /** This process's own, `processIndex` taken in. */
  readonly adminListen: Address;
  /** How many processes of each kind the supervisor runs. */
  readonly processes: Readonly<Record<ServiceName, number>>;
  /** Base URLs without a trailing slash, for people and encoders. */
  readonly urls: { readonly publish: string; readonly origin: string; readonly control: string };
  readonly operatorTokens: readonly NamedToken[];
  /** Empty: the origin is open. */
  readonly cdnTokens: readonly NamedToken[];
  readonly edges: readonly EdgeSetting[];
  readonly limits: Limits;
  readonly logLevel: Values["HEADWATER_LOG_LEVEL"];
};

/**
 * All settings for one process of `service`. Every variable is checked, also those of other services: they are set
 * together, and a typing error should show at the first start.
 * @throws SettingsError with one sentence naming the variable, its value and what is allowed
 */
export function readSettings(env: Environment, service: ServiceName): Settings {
  const values = readValues(env);
  const zones = values.HEADWATER_MEMCACHED_ZONES ?? {};
  const listen = {
    publisher: values.HEADWATER_PUBLISHER_LISTEN,
    origin: values.HEADWATER_ORIGIN_LISTEN,
    control: values.HEADWATER_CONTROL_LISTEN,
  };
  const single = values.HEADWATER_OPERATOR_TOKEN;
  const settings: Settings = {
    service,
    processIndex: values.HEADWATER_PROCESS_INDEX,
    region: values.HEADWATER_REGION,
    dataDir: resolve(values.HEADWATER_DATA_DIR),
    store: storeOf(values),
    memcachedZones: zones,
    zone: values.HEADWATER_ZONE ?? Object.keys(zones)[0],
    redisUrl: values.HEADWATER_REDIS_URL,
    listen,
    adminListen: adminListenOf(values, service),
    processes: {
      publisher: values.HEADWATER_PUBLISHER_PROCESSES,
      origin: values.HEADWATER_ORIGIN_PROCESSES,
      control: 1,
      worker: 1,
    },
    urls: {
      publish: values.HEADWATER_PUBLISH_URL ?? httpUrl(listen.publisher),
      origin: values.HEADWATER_ORIGIN_URL ?? httpUrl(listen.origin),
      control: httpUrl(listen.control),
    },
    operatorTokens: [
      ...(values.HEADWATER_OPERATOR_TOKENS ?? []),
      ...(single === undefined ? [] : [{ name: "operator", token: single }]),
    ],
    cdnTokens: values.HEADWATER_CDN_TOKENS ?? [],
    edges: values.HEADWATER_EDGES ?? [],
    limits: {
      dvrReadsPerSecond: values.HEADWATER_DVR_READS_PER_SECOND,
      storeReadsInFlight: values.HEADWATER_STORE_READS_IN_FLIGHT,
      storeReadTargetMs: values.HEADWATER_STORE_READ_TARGET_MS,
      storeReadDelayMs: values.HEADWATER_STORE_READ_DELAY_MS,
      memoryCacheBytes: Math.floor(values.HEADWATER_MEMORY_CACHE_BYTES / values.HEADWATER_ORIGIN_PROCESSES),
      holdsMax: values.HEADWATER_HOLDS_MAX,
      requestsMax: values.HEADWATER_REQUESTS_MAX,
      connectionsMax: values.HEADWATER_CONNECTIONS_MAX,
      mediaInFlightBytes: values.HEADWATER_MEDIA_IN_FLIGHT_BYTES,
      maxSegmentBytes: values.HEADWATER_PUBLISHER_MAX_SEGMENT_BYTES,
      maxPlaylistBytes: values.HEADWATER_PUBLISHER_MAX_PLAYLIST_BYTES,
      drainDelayMs: values.HEADWATER_DRAIN_DELAY_MS,
      clockToleranceMs: values.HEADWATER_CLOCK_TOLERANCE_MS,
    },
    logLevel: values.HEADWATER_LOG_LEVEL,
  };
  checkCombinations(values, settings);
  return settings;
}

function storeOf(values: Values): StoreSettings {
  if (values.HEADWATER_STORE === "local") {
    const dataMaxBytes = values.HEADWATER_DATA_MAX_BYTES;
    return {
      kind: "local",
      dataDir: resolve(values.HEADWATER_DATA_DIR),
      ...(dataMaxBytes === undefined ? {} : { dataMaxBytes }),
    };
  }
  const contactPoints = values.HEADWATER_CASSANDRA_CONTACT_POINTS;
  if (contactPoints === undefined) {
    throw new SettingsError(
      "HEADWATER_CASSANDRA_CONTACT_POINTS is not set, but HEADWATER_STORE=cassandra needs it: a list such as 10.0.0.1:9042,10.0.0.2:9042.",
    );
  }
  const addressMap = values.HEADWATER_CASSANDRA_ADDRESS_MAP;
  const replication = values.HEADWATER_CASSANDRA_REPLICATION;
  return {
    kind: "cassandra",
    contactPoints,
    dataCenter: values.HEADWATER_CASSANDRA_DATACENTER,
    keyspace: values.HEADWATER_CASSANDRA_KEYSPACE,
    ...(addressMap === undefined ? {} : { addressMap }),
    ...(replication === undefined ? {} : { replication }),
    readContactPoints: values.HEADWATER_CASSANDRA_READ_CONTACT_POINTS ?? contactPoints,
    readDataCenter: values.HEADWATER_CASSANDRA_READ_DATACENTER ?? values.HEADWATER_CASSANDRA_DATACENTER,
  };
}

function adminListenOf(values: Values, service: ServiceName): Address {
  const variable = `HEADWATER_${service.toUpperCase() as Uppercase<ServiceName>}_ADMIN_LISTEN` as const;
  const { host, port } = values[variable];
  const own = port === 0 ? 0 : port + 10 * values.HEADWATER_PROCESS_INDEX;
  if (own > 65535) {
    throw new SettingsError(
      `HEADWATER_PROCESS_INDEX is "${values.HEADWATER_PROCESS_INDEX}", but the admin port, ${variable} and ten times as much, must not pass 65535.`,
    );
  }
  return { host, port: own };
}

/** An address as a URL that reaches it from this machine. */
export function httpUrl({ host, port }: Address): string {
  const reachable = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
  return `http://${reachable.includes(":") ? `[${reachable}]` : reachable}:${port}`;
}
