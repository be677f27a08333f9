export { CassandraKv, type CassandraKvOptions, openCassandraKv } from "./cassandra-kv.ts";
export { type MigrateOptions, migrateCassandra } from "./migrate.ts";
export type { StoreEvent, StoreOperation } from "./observer.ts";
export { MIGRATIONS, type Migration, SCHEMA_VERSION } from "./schema.ts";
