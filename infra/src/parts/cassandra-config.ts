import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

export interface CassandraNodeConfig {
  readonly dir: string;
  readonly host: string;
  /** Every node: one that is a seed itself does not give up when no other answers in time at its start. */
  readonly seeds: readonly string[];
  readonly port: number;
  readonly storagePort: number;
  readonly heapMb: number;
  /** Folder with Cassandra's jars. */
  readonly lib: string;
  /** Which of several datacenters it stands in; undefined where there is but one. */
  readonly datacenter?: string | undefined;
  /** Whether to start soon counts for more than to be fast later. */
  readonly shortLived: boolean;
}

const LOGBACK = `<configuration>
  <appender name="OUT" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%-5level %date{ISO8601} %logger{0}: %msg%n</pattern></encoder>
  </appender>
  <root level="INFO"><appender-ref ref="OUT"/></root>
</configuration>
`;

const EXPORTS = [
  ...["jdk.internal.misc", "jdk.internal.ref", "sun.nio.ch"].map((name) => `java.base/${name}`),
  "java.management.rmi/com.sun.jmx.remote.internal.rmi",
  ...["registry", "server", "transport.tcp"].map((name) => `java.rmi/sun.rmi.${name}`),
  "java.sql/java.sql",
];

const OPENS = [
  ...["module", "math", "ref", "reflect", "loader", "util.jar"].map((name) => `java.base/jdk.internal.${name}`),
  ...["lang", "lang.module", "io", "math", "net", "nio", "util", "util.concurrent", "util.concurrent.atomic"].map(
    (name) => `java.base/java.${name}`,
  ),
  "java.base/sun.nio.ch",
  "jdk.management/com.sun.management.internal",
];

/**
 * A node says where it stands (`cassandra-rackdc.properties`). What a datacenter has missed is handed over as fast as it
 * can be taken: as shipped, a node hands over 1 MiB a second, less than one event of a few renditions makes.
 */
const MANY_DATACENTERS = {
  endpoint_snitch: "GossipingPropertyFileSnitch",
  hinted_handoff_throttle: "64MiB",
  hints_flush_period: "1000ms",
};

/** Writes a node's configuration below its folder and returns Java's arguments for it. */
export async function writeCassandraConfig(node: CassandraNodeConfig): Promise<string[]> {
  const conf = join(node.dir, "conf");
  await mkdir(conf, { recursive: true });
  const yaml = join(conf, "cassandra.yaml");
  await writeFile(yaml, JSON.stringify(settings(node), null, 2)); // JSON is YAML
  await writeFile(join(conf, "logback.xml"), LOGBACK);
  if (node.datacenter !== undefined) {
    await writeFile(join(conf, "cassandra-rackdc.properties"), `dc=${node.datacenter}\nrack=rack1\n`);
  }
  const properties = {
    "cassandra.config": `file://${yaml}`,
    "cassandra.storagedir": node.dir,
    "logback.configurationFile": join(conf, "logback.xml"),
    "cassandra-foreground": "yes",
    // One machine, known members: nothing to wait for, but on a busy one the first second may pass before the seed answers.
    "cassandra.ring_delay_ms": "4000",
    "cassandra.skip_wait_for_gossip_to_settle": "0",
    "cassandra.superuser_setup_delay_ms": "0",
    "jdk.attach.allowAttachSelf": "true",
  };
  return [
    `-Xms${node.heapMb}M`,
    `-Xmx${node.heapMb}M`,
    "-XX:+UseG1GC",
    ...(node.shortLived ? ["-XX:TieredStopAtLevel=1"] : []),
    "-XX:+ExitOnOutOfMemoryError",
    "-XX:+PerfDisableSharedMem",
    ...Object.entries(properties).map(([name, value]) => `-D${name}=${value}`),
    ...EXPORTS.flatMap((name) => ["--add-exports", `${name}=ALL-UNNAMED`]),
    ...OPENS.flatMap((name) => ["--add-opens", `${name}=ALL-UNNAMED`]),
    "-cp",
    `${conf}:${node.lib}/*`,
    "org.apache.cassandra.service.CassandraDaemon",
  ];
}

function settings({ dir, host, seeds, port, storagePort, datacenter }: CassandraNodeConfig) {
  return {
    cluster_name: "headwater",
    num_tokens: 4,
    partitioner: "org.apache.cassandra.dht.Murmur3Partitioner",
    ...(datacenter === undefined ? { endpoint_snitch: "SimpleSnitch" } : MANY_DATACENTERS),
    seed_provider: [
      {
        class_name: "org.apache.cassandra.locator.SimpleSeedProvider",
        parameters: [{ seeds: seeds.map((seed) => `${seed}:${storagePort}`).join(",") }],
      },
    ],
    hinted_handoff_enabled: true,
    auto_bootstrap: false, // a node joins an empty cluster: nothing to fetch from the others
    listen_address: host,
    rpc_address: host,
    native_transport_port: port,
    storage_port: storagePort,
    data_file_directories: [join(dir, "data")],
    commitlog_directory: join(dir, "commitlog"),
    hints_directory: join(dir, "hints"),
    saved_caches_directory: join(dir, "saved_caches"),
    cdc_raw_directory: join(dir, "cdc_raw"),
    commitlog_sync: "periodic",
    commitlog_sync_period: "10000ms",
    commitlog_total_space: "512MiB",
    storage_compatibility_mode: "NONE",
    sstable: { selected_format: "bti" },
    memtable: { configurations: { default: { class_name: "TrieMemtable" } } },
    memtable_allocation_type: "offheap_objects",
    memtable_heap_space: "128MiB",
    memtable_offheap_space: "256MiB",
    file_cache_size: "128MiB",
    concurrent_compactors: 1,
    auto_snapshot: false,
    // A node that cannot write ends, and is missing as a dead one is; who keeps it alive starts it again.
    disk_failure_policy: "die",
    commit_failure_policy: "die",
  };
}
