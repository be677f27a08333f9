import { type Migration, migrateCassandra, SCHEMA_VERSION } from "@headwater/kv-cassandra";
import type { Settings } from "@headwater/service-kit";

export interface Migrated {
  /** Schema versions; 0: there was none. */
  readonly before: number;
  readonly now: number;
}

/**
 * Creates and migrates the schema of the store that the settings name. Undefined for the embedded store, whose files
 * need no such step. Rejects with KvError.
 */
export async function migrateStore(
  { store }: Settings,
  onStep: (step: Migration) => void,
): Promise<Migrated | undefined> {
  if (store.kind === "local") return undefined;
  const { contactPoints, dataCenter, keyspace, addressMap, replication } = store;
  const before = await migrateCassandra({
    contactPoints,
    localDataCenter: dataCenter,
    keyspace,
    ...(addressMap !== undefined && { addressMap }),
    ...(replication !== undefined && { replication }),
    onStep,
  });
  return { before, now: SCHEMA_VERSION };
}
