export { CassandraKv, type CassandraKvOptions, openCassandraKv } from "./cassandra-kv.ts";
export type { StoreEvent } from "./observer.ts";
export { SCHEMA_VERSION } from "./schema.ts";
