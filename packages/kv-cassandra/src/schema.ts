import { KvError } from "@headwater/kv";
import { type Client, types } from "cassandra-driver";
import { NotYet } from "./patience.ts";
import { TABLES, tableId, tableStatements } from "./tables.ts";

/** One step of the schema: what leads from the version before to this one. Statements may run again. */
export interface Migration {
  readonly version: number;
  /** For operators, in a few words. */
  readonly does: string;
  readonly statements: (keyspace: string) => readonly string[];
}

/** In order, without gaps. A step that was released is never changed: a new one follows it. */
export const MIGRATIONS: readonly Migration[] = [
  { version: 1, does: "tables of rows and chunks for each retention class", statements: tableStatements },
];

/** Version of the tables that this code works with. */
export const SCHEMA_VERSION = MIGRATIONS.at(-1)!.version;

const LOCK_SECONDS = 30;
/** Busy nodes take their time over what changes the schema, and over the lock. */
const STEP_TIMEOUT_MS = 20_000;
const MAX_REPLICAS = 3;
const UNKNOWN_TABLE = 0x2200;
const QUORUM = { consistency: types.consistencies.localQuorum, serialConsistency: types.consistencies.localSerial };
/** Never sent twice by the driver: two ballots of one proposer would only compete. */
const LOCKING = { ...QUORUM, isIdempotent: false, readTimeout: STEP_TIMEOUT_MS };

export interface SchemaOptions {
  readonly keyspace: string;
  /** Names this process among those that would migrate. */
  readonly owner: string;
  /** Copies in each datacenter. Default: 3, or as many as the datacenter has nodes. */
  readonly replication?: Readonly<Record<string, number>>;
  /** Told of each step that this process has taken. */
  readonly onStep?: (step: Migration) => void;
}

/**
 * The version of a keyspace's schema, 0 where tables are missing. Throws `KvError` where it is newer than the last of
 * `migrations`, and `NotYet` where it is older and this process is not to change that.
 */
export async function versionOf(
  client: Client,
  keyspace: string,
  migrations: readonly Migration[],
  role: "owner" | "user",
): Promise<number> {
  const wanted = migrations.at(-1)!.version;
  const version = await readVersion(client, keyspace);
  if (version > wanted) {
    const message = `keyspace ${keyspace} has schema version ${version}; this release knows versions up to ${wanted}`;
    throw new KvError("unavailable", message);
  }
  if (version < wanted && role === "user") {
    throw new NotYet(`keyspace ${keyspace} has schema version ${version}, and ${wanted} is needed`);
  }
  return version;
}

async function readVersion(client: Client, keyspace: string): Promise<number> {
  try {
    const cql = `SELECT version FROM ${keyspace}.schema_version WHERE name = 'current'`;
    const [current] = (await client.execute(cql, [], QUORUM)).rows;
    const found = await client.execute("SELECT table_name FROM system_schema.tables WHERE keyspace_name = ?", [
      keyspace,
    ]);
    const there = new Set(found.rows.map(({ table_name }) => table_name));
    return TABLES.every((table) => there.has(table)) ? (current?.version ?? 0) : 0;
  } catch (error) {
    if ((error as { code?: number }).code === UNKNOWN_TABLE) return 0;
    throw error;
  }
}

/**
 * Takes the steps behind `version`, under a lock, and records each. May be called again after it has failed. Throws
 * `NotYet` while another process has the lock.
 */
export async function takeMissingSteps(
  client: Client,
  { keyspace, owner, replication = replicas(client), onStep }: SchemaOptions,
  version: number,
  migrations: readonly Migration[],
): Promise<void> {
  if (version === migrations.at(-1)!.version) return;
  const busy = () =>
    new NotYet(`keyspace ${keyspace} has schema version ${version}, and another process is changing that`);
  // A plain look first: those that wait must not hold up the one that works.
  const holder = await lockHolder(client, keyspace);
  if (holder !== undefined && holder !== owner) throw busy();
  const ddl = (statement: string) => client.execute(statement, [], { readTimeout: STEP_TIMEOUT_MS });
  const copies = Object.entries(replication).map(([datacenter, factor]) => `'${datacenter}': ${factor}`);
  await ddl(
    `CREATE KEYSPACE IF NOT EXISTS ${keyspace} WITH replication = {'class': 'NetworkTopologyStrategy', ${copies.join(", ")}}`,
  );
  await ddl(
    `CREATE TABLE IF NOT EXISTS ${keyspace}.schema_version (name text PRIMARY KEY, owner text, version int)
     WITH ID = ${tableId(keyspace, "schema_version")}`,
  );
  const lock = await client.execute(
    `INSERT INTO ${keyspace}.schema_version (name, owner) VALUES ('lock', ?) IF NOT EXISTS USING TTL ${LOCK_SECONDS}`,
    [owner],
    LOCKING,
  );
  // An attempt that was given up may have taken it all the same.
  if (!lock.wasApplied() && lock.first()?.owner !== owner) throw busy();
  // Read under the lock: another process may have come first.
  const present = await readVersion(client, keyspace);
  for (const step of migrations.filter((migration) => migration.version > present)) {
    for (const statement of step.statements(keyspace)) await ddl(statement);
    await client.execute(
      `INSERT INTO ${keyspace}.schema_version (name, version) VALUES ('current', ${step.version})`,
      [],
      QUORUM,
    );
    onStep?.(step);
  }
  // The schema is there; a lock that stays ends by itself.
  const unlock = `DELETE FROM ${keyspace}.schema_version WHERE name = 'lock' IF owner = ?`;
  await client.execute(unlock, [owner], LOCKING).catch(() => {});
}

async function lockHolder(client: Client, keyspace: string): Promise<string | undefined> {
  try {
    const cql = `SELECT owner FROM ${keyspace}.schema_version WHERE name = 'lock'`;
    return (await client.execute(cql, [], QUORUM)).first()?.owner ?? undefined;
  } catch (error) {
    if ((error as { code?: number }).code === UNKNOWN_TABLE) return undefined;
    throw error;
  }
}

function replicas(client: Client): Record<string, number> {
  const nodes: Record<string, number> = {};
  for (const { datacenter } of client.hosts.values())
    nodes[datacenter] = Math.min(MAX_REPLICAS, (nodes[datacenter] ?? 0) + 1);
  return nodes;
}
