// The real parts that integration tests share: one Cassandra, Redis and memcached for the whole run, where this machine
// can have them, instead of one for each test file.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { cassandraForTests, INSTALLABLE_PARTS, memcachedForTests, redisForTests } from "@headwater/infra";

type Started = { readonly address: string; stop(): Promise<void> };
type SharedPart = {
  /** How a test file that uses the part asks for it. */
  readonly helper: string;
  readonly variable: string;
  readonly start: () => Promise<Started | undefined>;
};

const SHARED: readonly SharedPart[] = [
  {
    helper: "cassandraForTests",
    variable: "HEADWATER_TEST_CASSANDRA",
    start: async () => {
      const cassandra = await cassandraForTests();
      return cassandra && { address: cassandra.contactPoint, stop: cassandra.stop };
    },
  },
  {
    helper: "redisForTests",
    variable: "HEADWATER_TEST_REDIS",
    start: async () => {
      const redis = await redisForTests();
      return redis && { address: redis.url, stop: redis.stop };
    },
  },
  { helper: "memcachedForTests", variable: "HEADWATER_TEST_MEMCACHED", start: memcachedForTests },
];

/** Installs what the tests of real parts need; false when that failed. */
export function installParts(root: string): boolean {
  const script = join(root, "infra", "src", "install.ts");
  if (process.env.HEADWATER_INSTALL === "0" || !existsSync(script)) return true;
  // Building k6 takes minutes: a person's machine does without, and its tests say that they were skipped.
  const names = INSTALLABLE_PARTS.filter((part) => part !== "k6" || process.env.CI === "true");
  return spawnSync(process.execPath, [script, ...names], { cwd: root, stdio: "inherit" }).status === 0;
}

/** Starts the parts that one of `files` uses and names them in the environment that Jest inherits. */
export async function startSharedParts(files: readonly string[]): Promise<{ stop(): Promise<void> }> {
  const texts = files.map((file) => readFileSync(file, "utf8"));
  const started: Started[] = [];
  const stop = async () => void (await Promise.all(started.map((part) => part.stop())));
  try {
    for (const { helper, variable, start } of SHARED) {
      if (process.env[variable] || !texts.some((text) => text.includes(helper))) continue;
      const part = await start();
      if (!part) continue;
      started.push(part);
      process.env[variable] = part.address;
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { stop };
}
