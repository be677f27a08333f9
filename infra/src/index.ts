export { commandLine } from "./command-line.ts";
export { type EdgeKind, type EdgeOptions, edgeConfig, startEdge } from "./edge.ts";
export {
  type Headwater,
  type HeadwaterOptions,
  type Publishing,
  type Service,
  startHeadwater,
  startOriginBeside,
  startPublisherBeside,
} from "./headwater.ts";
export { ensureParts, INSTALLABLE_PARTS, type InstallablePart } from "./install.ts";
export { initSegment, mediaSegment } from "./media.ts";
export { findBinary, MINIO_VERSION } from "./parts/binaries.ts";
export { type Cassandra, type CassandraNode, startCassandra } from "./parts/cassandra.ts";
export { CASSANDRA_VERSION } from "./parts/cassandra-jars.ts";
export { type Edge, startNginx, startVarnish } from "./parts/edges.ts";
export { type Memcached, startMemcached } from "./parts/memcached.ts";
export { type Minio, startMinio } from "./parts/minio.ts";
export { CACHE, ROOT } from "./parts/paths.ts";
export { accepts, freePort, isFree } from "./parts/ports.ts";
export { type Part, startPart } from "./parts/process.ts";
export { pythonWithDriver } from "./parts/python-driver.ts";
export { quietPort } from "./parts/quiet-port.ts";
export { type Redis, startRedis } from "./parts/redis.ts";
export { mountSmallDisk, type SmallDisk } from "./parts/small-disk.ts";
export { startToxiproxy, type Toxic, type ToxicProxy, type Toxiproxy } from "./parts/toxiproxy.ts";
export { until } from "./parts/until.ts";
export { type PartName, requirePart } from "./require-part.ts";
export { cassandraForTests, memcachedForTests, redisForTests, type TestCassandra } from "./testing.ts";
