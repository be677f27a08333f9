import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { findBinary } from "./binaries.ts";
import { madeOnce } from "./made-once.ts";
import { CACHE } from "./paths.ts";

export const CASSANDRA_VERSION = "5.0.6";
const HOME = join(CACHE, `cassandra-${CASSANDRA_VERSION}`);
const LIB = join(HOME, "lib");

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>headwater</groupId>
  <artifactId>cassandra</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.cassandra</groupId>
      <artifactId>cassandra-all</artifactId>
      <version>${CASSANDRA_VERSION}</version>
    </dependency>
  </dependencies>
</project>
`;

export function haveCassandraJars(): boolean {
  return existsSync(LIB);
}

/** Folder with Cassandra's jars; Maven fetches them (66 MB) the first time. Any number of processes may ask at once. */
export async function cassandraJars(): Promise<string> {
  await madeOnce(HOME, async (dir) => {
    const maven = findBinary("mvn");
    if (!maven) throw new Error("Cassandra's jars are not in .cache and Maven (mvn) is not installed");
    await writeFile(join(dir, "pom.xml"), POM);
    const goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", `-DoutputDirectory=${join(dir, "lib")}`];
    await promisify(execFile)(maven, ["-q", "-B", ...goal], { cwd: dir, timeout: 300_000 });
  });
  return LIB;
}
