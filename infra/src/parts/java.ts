import { execFile } from "node:child_process";
import { globSync } from "node:fs";
import { promisify } from "node:util";
import { findBinary } from "./binaries.ts";

/** Path of a Java 17 (Cassandra 5 knows no newer one), or undefined. */
export async function findJava(): Promise<string | undefined> {
  const home = process.env.JAVA_HOME;
  const candidates = [
    ...(home ? [`${home}/bin/java`] : []),
    findBinary("java"),
    ...globSync(["/usr/lib/jvm/*17*/bin/java", "/Library/Java/JavaVirtualMachines/*17*/Contents/Home/bin/java"]),
  ];
  for (const java of candidates) {
    if (java && (await isJava17(java))) return java;
  }
  return undefined;
}

async function isJava17(java: string): Promise<boolean> {
  const { stderr } = await promisify(execFile)(java, ["-version"], { timeout: 10_000 }).catch(() => ({ stderr: "" }));
  return stderr.includes('version "17');
}
