import { join, resolve } from "node:path";
import { writeCassandraConfig } from "./cassandra-config.ts";
import { cassandraJars } from "./cassandra-jars.ts";
import { cassandraPeers } from "./cql.ts";
import { findJava } from "./java.ts";
import { freePort } from "./ports.ts";
import { type Part, startPart } from "./process.ts";
import { until } from "./until.ts";

/** Name that Cassandra's SimpleSnitch gives the only datacenter. */
const DATACENTER = "datacenter1";

/** A node, whichever process it is now. */
export interface CassandraNode extends Part {
  readonly host: string;
  readonly port: number;
  readonly datacenter: string;
  /** Ends it if it still runs; resolves when it answers queries again, on the same data. */
  startAgain(): Promise<void>;
}

export interface Cassandra {
  readonly nodes: readonly CassandraNode[];
  /** `host:port` of every node. */
  readonly contactPoints: readonly string[];
  /** Of the first node. */
  readonly datacenter: string;
  /** Of the first node. */
  readonly pid: number;
  stop(): Promise<void>;
}

export interface CassandraOptions {
  readonly nodes: 1 | 2 | 3;
  /** Data, configuration and logs, a folder for each node. */
  readonly dir: string;
  /** CQL port, the same on every node (127.0.0.1, .2, .3). Default: a free one. */
  readonly port?: number;
  /** Java heap of each node. Default 1024 for one node, 512 each for more. */
  readonly heapMb?: number;
  /** The datacenter of each node. Default: one for all. */
  readonly datacenters?: readonly string[];
  readonly outliveUs?: boolean;
  /** Of a test: starts sooner, as its code is compiled once and in haste, and ends at once, its data being nobody's. */
  readonly shortLived?: boolean;
}

/** A real Cassandra 5 of one to three nodes on loopback addresses; resolves when every node answers queries and sees the others. */
export async function startCassandra(options: CassandraOptions): Promise<Cassandra> {
  const { heapMb = options.nodes === 1 ? 1024 : 512, outliveUs = false, shortLived = false } = options;
  const [java, lib] = await Promise.all([findJava(), cassandraJars()]);
  if (!java) throw new Error("Cassandra needs Java 17, which is not installed");
  const hosts = Array.from({ length: options.nodes }, (_, i) => `127.0.0.${i + 1}`);
  const port = options.port ?? (await freePort(0, hosts));
  const storagePort = await freePort(0, hosts);
  const nodes: CassandraNode[] = [];
  const stop = async () => {
    await Promise.all(nodes.map((node) => node.stop()));
  };
  try {
    for (const host of hosts) {
      const dir = resolve(options.dir, `node-${host}`);
      const datacenter = options.datacenters?.[nodes.length];
      const place = { dir, host, seeds: hosts, port, storagePort, datacenter };
      const args = await writeCassandraConfig({ ...place, heapMb, lib, shortLived });
      const start = () =>
        startPart({
          name: `Cassandra ${host}:${port}`,
          command: java,
          args,
          cwd: dir,
          logFile: join(dir, "cassandra.log"),
          ready: () => seesPeers(port, host, nodes.length - (nodes.some((node) => node.host === host) ? 1 : 0)),
          readyMs: 120_000,
          graceMs: shortLived ? 0 : 10_000,
          outliveUs,
        });
      nodes.push(nodeOf({ host, port, datacenter: datacenter ?? DATACENTER }, await start(), start));
    }
    for (const { host } of nodes) await until(() => seesPeers(port, host, nodes.length - 1), 30_000);
  } catch (error) {
    await stop();
    throw error;
  }
  const contactPoints = hosts.map((host) => `${host}:${port}`);
  const { datacenter, pid } = nodes[0]!;
  return { nodes, contactPoints, datacenter, pid, stop };
}

type Place = Pick<CassandraNode, "host" | "port" | "datacenter">;

function nodeOf(place: Place, first: Part, start: () => Promise<Part>): CassandraNode {
  let part = first;
  return {
    ...place,
    logFile: first.logFile,
    get pid() {
      return part.pid;
    },
    running: () => part.running(),
    stop: () => part.stop(),
    startAgain: async () => {
      await part.stop();
      part = await start();
    },
  };
}

async function seesPeers(port: number, host: string, peers: number): Promise<void> {
  const seen = await cassandraPeers(port, host);
  if (seen < peers) throw new Error(`${host} sees ${seen} of ${peers} peers`);
}
