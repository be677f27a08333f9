export { CassandraKv, type CassandraKvOptions, openCassandraKv } from "./cassandra-kv.ts";
export { SCHEMA_VERSION } from "./schema.ts";
