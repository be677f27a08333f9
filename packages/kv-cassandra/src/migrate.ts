import { randomUUID } from "node:crypto";
import { KvError } from "@headwater/kv";
import type { Client } from "cassandra-driver";
import { type ClientOptions, type ConnectionOptions, newClient } from "./clients.ts";
import { keepTrying, type Patience } from "./patience.ts";
import { MIGRATIONS, type SchemaOptions, takeMissingSteps, versionOf } from "./schema.ts";

/** `role`: `owner` (default) creates what is missing, one process at a time; `user` only waits for it. */
export interface MigrateOptions extends ConnectionOptions, Patience, Omit<SchemaOptions, "owner"> {
  readonly role?: "owner" | "user";
}

/**
 * Makes the keyspace and brings its schema to the newest version, or waits for who does. Any number of processes may
 * call it at once. Resolves to the version that was there before, 0 for none. Throws `KvError` at once where the schema
 * is newer than this code, and after a minute (`waitMs`) in which no node answered or the schema did not come.
 */
export async function migrateCassandra(options: MigrateOptions, migrations = MIGRATIONS): Promise<number> {
  const { keyspace, role = "owner" } = options;
  if (!/^[a-z][a-z0-9_]{0,47}$/.test(keyspace)) {
    throw new KvError("unavailable", `keyspace ${keyspace} is no plain name`);
  }
  const owner = randomUUID();
  let client: Client | undefined;
  let before: number | undefined;
  try {
    return await keepTrying(async () => {
      client ??= await connected(options, {
        connectionsPerHost: 1,
        copyBuffer: true,
        table: "rows",
        onEvent: () => {},
      });
      const version = await versionOf(client, keyspace, migrations, role);
      before ??= version;
      if (role === "owner") await takeMissingSteps(client, { ...options, owner }, version, migrations);
      return before;
    }, options);
  } finally {
    await client?.shutdown().catch(() => {});
  }
}

/** A client that has found a node. */
export async function connected(where: ConnectionOptions, own: ClientOptions): Promise<Client> {
  const client = newClient(where, own);
  try {
    await client.connect();
    return client;
  } catch (error) {
    await client.shutdown().catch(() => {});
    throw error;
  }
}
