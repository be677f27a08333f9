import { SettingsError } from "./error.ts";
import type { Settings } from "./settings.ts";
import type { Values, Variable } from "./table.ts";

/** Only a cluster has these; with the local store they show that HEADWATER_STORE was forgotten. */
const CLUSTER_ONLY: readonly Variable[] = [
  "HEADWATER_CASSANDRA_CONTACT_POINTS",
  "HEADWATER_CASSANDRA_ADDRESS_MAP",
  "HEADWATER_CASSANDRA_REPLICATION",
  "HEADWATER_CASSANDRA_READ_CONTACT_POINTS",
  "HEADWATER_CASSANDRA_READ_DATACENTER",
  "HEADWATER_MEMCACHED_ZONES",
  "HEADWATER_REDIS_URL",
];

/**
 * What no single setting can say.
 * @throws SettingsError on a combination that is not supported
 */
export function checkCombinations(values: Values, settings: Settings): void {
  if (settings.store.kind === "local") {
    const set = CLUSTER_ONLY.find((variable) => values[variable] !== undefined);
    if (set !== undefined) {
      throw new SettingsError(`${set} is set, but is allowed only with HEADWATER_STORE=cassandra.`);
    }
  }
  checkZone(settings);
  if (settings.service === "origin") checkOriginAccess(settings);
  if (settings.service === "control") checkOperators(settings);
}

function checkZone({ memcachedZones, zone }: Settings): void {
  const names = Object.keys(memcachedZones);
  if (names.length === 0 || (zone !== undefined && names.includes(zone))) return;
  throw new SettingsError(
    `HEADWATER_ZONE is "${zone}", but must be one of HEADWATER_MEMCACHED_ZONES: ${names.join(", ")}.`,
  );
}

function checkOriginAccess({ listen, cdnTokens }: Settings): void {
  const { host, port } = listen.origin;
  if (cdnTokens.length > 0 || isLoopback(host)) return;
  throw new SettingsError(
    `HEADWATER_CDN_TOKENS is empty, but must name at least one name:token while HEADWATER_ORIGIN_LISTEN is "${host}:${port}", beyond loopback.`,
  );
}

function checkOperators({ operatorTokens }: Settings): void {
  if (operatorTokens.length === 0) {
    throw new SettingsError(
      "HEADWATER_OPERATOR_TOKENS is empty, but control needs at least one name:token there or a token in HEADWATER_OPERATOR_TOKEN.",
    );
  }
  for (const [field, unique] of [
    ["name", new Set(operatorTokens.map(({ name }) => name))],
    ["token", new Set(operatorTokens.map(({ token }) => token))],
  ] as const) {
    if (unique.size < operatorTokens.length) {
      throw new SettingsError(
        `HEADWATER_OPERATOR_TOKEN is set to a value that is not shown, but its ${field}${field === "name" ? ' "operator"' : ""} must not stand in HEADWATER_OPERATOR_TOKENS too.`,
      );
    }
  }
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(?:\.[0-9]{1,3}){3}$/.test(host);
}
