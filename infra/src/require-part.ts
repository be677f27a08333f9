import { findBinary } from "./parts/binaries.ts";
import { haveCassandraJars } from "./parts/cassandra-jars.ts";
import { findJava } from "./parts/java.ts";

export type PartName =
  | "cassandra"
  | "memcached"
  | "redis-server"
  | "varnishd"
  | "nginx"
  | "ffmpeg"
  | "chromium"
  | "k6"
  | "toxiproxy"
  | "wrk"
  | "slowhttptest";

/**
 * What a test or script needs of this machine: the path of the part's program (for Cassandra: Java's). Where it is
 * missing: throws under CI=true, elsewhere warns and returns undefined, and the caller leaves that test out.
 */
export async function requirePart(name: PartName): Promise<string | undefined> {
  const path = name === "cassandra" ? await cassandraJava() : findBinary(name);
  if (path) return path;
  const message = `${name} is missing on this machine: run "node infra/src/install.ts"`;
  if (process.env.CI === "true") throw new Error(message);
  process.stderr.write(`\n!!! NOT TESTED: ${message}\n\n`);
  return undefined;
}

async function cassandraJava(): Promise<string | undefined> {
  return haveCassandraJars() || findBinary("mvn") ? await findJava() : undefined;
}
