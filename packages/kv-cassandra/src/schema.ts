import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { KvError } from "@headwater/kv";
import { type Client, types } from "cassandra-driver";
import { tableId, tableStatements } from "./tables.ts";

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

const POLL_MS = 200;
const DEADLINE_MS = 60_000;
const LOCK_SECONDS = 30;
const DDL_TIMEOUT_MS = 20_000;
const MAX_REPLICAS = 3;
const UNKNOWN_TABLE = 0x2200;
const QUORUM = { consistency: types.consistencies.localQuorum, serialConsistency: types.consistencies.localSerial };

export interface SchemaOptions {
  readonly keyspace: string;
  /** `owner` creates what is missing, one process at a time; `user` only waits for it. */
  readonly role: "owner" | "user";
  /** Copies in each datacenter. Default: 3, or as many as the datacenter has nodes. */
  readonly replication?: Readonly<Record<string, number>>;
  /** Told of each step that this process has taken. */
  readonly onStep?: (step: Migration) => void;
}

/**
 * Resolves when the keyspace has the schema of the last migration, to the version that was there before. Any number of
 * processes may call it at once: one creates and migrates, the others wait. Throws `KvError` after 60 s, or at once where
 * the schema is newer than this code.
 */
export async function ensureSchema(client: Client, options: SchemaOptions, migrations = MIGRATIONS): Promise<number> {
  const { keyspace, role } = options;
  const wanted = migrations.at(-1)!.version;
  let before: number | undefined;
  const deadline = performance.now() + DEADLINE_MS;
  while (performance.now() < deadline) {
    const version = await readVersion(client, keyspace);
    before ??= version;
    if (version === wanted) return before;
    if (version > wanted) {
      const message = `keyspace ${keyspace} has schema version ${version}; this release knows versions up to ${wanted}`;
      throw new KvError("unavailable", message);
    }
    if (role === "owner") await migrateAsOwner(client, options, migrations);
    else await sleep(POLL_MS);
  }
  throw new KvError("unavailable", `keyspace ${keyspace} has no schema of version ${wanted} after ${DEADLINE_MS} ms`);
}

async function readVersion(client: Client, keyspace: string): Promise<number> {
  try {
    const { rows } = await client.execute(
      `SELECT version FROM ${keyspace}.schema_version WHERE name = 'current'`,
      [],
      QUORUM,
    );
    return rows[0]?.version ?? 0;
  } catch (error) {
    if ((error as { code?: number }).code === UNKNOWN_TABLE) return 0;
    throw error;
  }
}

/** Takes the lock and the steps that are missing, and records each; only waits a little if another process has the lock. */
async function migrateAsOwner(
  client: Client,
  { keyspace, replication = replicas(client), onStep }: SchemaOptions,
  migrations: readonly Migration[],
): Promise<void> {
  const ddl = (statement: string) => client.execute(statement, [], { readTimeout: DDL_TIMEOUT_MS });
  const copies = Object.entries(replication).map(([datacenter, factor]) => `'${datacenter}': ${factor}`);
  await ddl(
    `CREATE KEYSPACE IF NOT EXISTS ${keyspace} WITH replication = {'class': 'NetworkTopologyStrategy', ${copies.join(", ")}}`,
  );
  await ddl(
    `CREATE TABLE IF NOT EXISTS ${keyspace}.schema_version (name text PRIMARY KEY, owner text, version int)
     WITH ID = ${tableId(keyspace, "schema_version")}`,
  );
  const owner = randomUUID();
  const lock = await client.execute(
    `INSERT INTO ${keyspace}.schema_version (name, owner) VALUES ('lock', ?) IF NOT EXISTS USING TTL ${LOCK_SECONDS}`,
    [owner],
    QUORUM,
  );
  if (!lock.wasApplied()) return sleep(POLL_MS);
  // Read under the lock: another process may have come first.
  const version = await readVersion(client, keyspace);
  for (const step of migrations.filter((migration) => migration.version > version)) {
    for (const statement of step.statements(keyspace)) await ddl(statement);
    await client.execute(
      `INSERT INTO ${keyspace}.schema_version (name, version) VALUES ('current', ${step.version})`,
      [],
      QUORUM,
    );
    onStep?.(step);
  }
  await client.execute(`DELETE FROM ${keyspace}.schema_version WHERE name = 'lock' IF owner = ?`, [owner], QUORUM);
}

function replicas(client: Client): Record<string, number> {
  const nodes: Record<string, number> = {};
  for (const { datacenter } of client.hosts.values())
    nodes[datacenter] = Math.min(MAX_REPLICAS, (nodes[datacenter] ?? 0) + 1);
  return nodes;
}
