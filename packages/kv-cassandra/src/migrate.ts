import { KvError } from "@headwater/kv";
import { type ConnectionOptions, newClient } from "./clients.ts";
import { ensureSchema, MIGRATIONS, type SchemaOptions } from "./schema.ts";

export interface MigrateOptions extends ConnectionOptions, Omit<SchemaOptions, "role"> {
  readonly role?: SchemaOptions["role"];
}

/**
 * Makes the keyspace and brings its schema to the newest version, or waits for who does. Resolves to the version that
 * was there before, 0 for none. Throws `KvError` when no node answers, or the schema is not there within a minute.
 */
export async function migrateCassandra(options: MigrateOptions, migrations = MIGRATIONS): Promise<number> {
  const { keyspace, role = "owner" } = options;
  if (!/^[a-z][a-z0-9_]{0,47}$/.test(keyspace)) {
    throw new KvError("unavailable", `keyspace ${keyspace} is no plain name`);
  }
  const client = newClient(options, { connectionsPerHost: 1, copyBuffer: true, table: "rows", onEvent: () => {} });
  try {
    await client.connect();
    return await ensureSchema(client, { ...options, role }, migrations);
  } catch (cause) {
    throw unusable(cause);
  } finally {
    await client.shutdown().catch(() => {});
  }
}

export function unusable(cause: unknown): KvError {
  if (cause instanceof KvError) return cause;
  const message = `Cassandra cannot be used: ${cause instanceof Error ? cause.message : cause}`;
  return new KvError("unavailable", message, { cause });
}
