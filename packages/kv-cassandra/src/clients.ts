import { Client, type DseClientOptions, policies, types } from "cassandra-driver";
import { writeLargeValuesInPlace } from "./frames.ts";
import { SparingPolicy } from "./late-nodes.ts";
import { hooksOf, type StoreEvent } from "./observer.ts";

/** One attempt at one node; the driver then tries the next. */
const ATTEMPT_MS = 1500;
const HEARTBEAT_MS = 2000;
/** Unanswered requests after which a connection counts as dead. */
const DEAD_AFTER_TIMEOUTS = 8;
const RECONNECT_MS = 1000;
const DEFAULT_PORT = 9042;
const MAX_REQUESTS_PER_CONNECTION = 512;

export interface ConnectionOptions {
  /** `host` or `host:port`, at least one. Every node serves CQL on the same port. */
  readonly contactPoints: readonly string[];
  readonly localDataCenter: string;
  /** Where to reach a node instead of the address the cluster names: `node:port` to `proxy:port`. */
  readonly addressMap?: Readonly<Record<string, string>>;
}

/**
 * The CQL port of the nodes themselves, one for all: the driver takes peers' addresses, but not their ports, from the
 * cluster. A contact point may be a proxy, so the address map knows better.
 */
function nodePort(contactPoints: readonly string[], addressMap: Readonly<Record<string, string>>): number {
  const port = [...Object.keys(addressMap), ...contactPoints][0]?.match(/:(\d+)$/)?.[1];
  return port ? Number(port) : DEFAULT_PORT;
}

export interface ClientOptions {
  readonly keyspace?: string;
  readonly connectionsPerHost: number;
  readonly copyBuffer: boolean;
  readonly table: StoreEvent["table"];
  readonly onEvent: (event: StoreEvent) => void;
}

/** A driver client whose statements are prepared, hedged and retried, unless one says otherwise. */
export function newClient(
  { contactPoints, localDataCenter, addressMap = {} }: ConnectionOptions,
  own: ClientOptions,
): Client {
  writeLargeValuesInPlace();
  const { speculativeExecution, lateNodes, ...hooks } = hooksOf(own.table, own.onEvent);
  const { local, remote, ignored } = types.distance;
  const options: DseClientOptions = {
    contactPoints: [...contactPoints],
    localDataCenter,
    protocolOptions: { port: nodePort(contactPoints, addressMap) },
    policies: {
      addressResolution: Object.assign(policies.defaultAddressTranslator(), {
        translate: (address: string, port: number, callback: (endpoint: string) => void) =>
          callback(addressMap[`${address}:${port}`] ?? `${address}:${port}`),
      }),
      reconnection: new policies.reconnection.ConstantReconnectionPolicy(RECONNECT_MS),
      speculativeExecution,
      loadBalancing: new SparingPolicy(policies.defaultLoadBalancingPolicy(localDataCenter), lateNodes),
    },
    ...hooks,
    pooling: {
      coreConnectionsPerHost: { [local]: own.connectionsPerHost, [remote]: 1, [ignored]: 0 },
      maxRequestsPerConnection: MAX_REQUESTS_PER_CONNECTION,
      heartBeatInterval: HEARTBEAT_MS,
    },
    socketOptions: {
      connectTimeout: ATTEMPT_MS,
      readTimeout: ATTEMPT_MS,
      defunctReadTimeoutThreshold: DEAD_AFTER_TIMEOUTS,
    },
    queryOptions: {
      prepare: true,
      isIdempotent: true,
      consistency: types.consistencies.localQuorum,
      serialConsistency: types.consistencies.localSerial,
    },
    // A frozen node would hold up every first use of a statement; others prepare it when they meet it.
    prepareOnAllHosts: false,
    encoding: { copyBuffer: own.copyBuffer },
    monitorReporting: { enabled: false },
  };
  return new Client(own.keyspace ? { ...options, keyspace: own.keyspace } : options);
}
