import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Environment } from "@headwater/service-kit";

const ROOT = join(import.meta.dirname, "..", "..");

/** Starts what does not run yet of Cassandra, memcached and Redis, and reads the settings that use them. */
export function clusterSettings(): Environment {
  const stack = spawnSync(process.execPath, [join(ROOT, "infra", "src", "stack.ts"), "start"], {
    cwd: ROOT,
    stdio: ["ignore", 2, 2],
  });
  if (stack.status !== 0) throw new Error("the stack did not start; see above");
  return parseEnv(readFileSync(join(ROOT, ".cache", "stack", "env"), "utf8"));
}

/** KEY=value lines; values are taken as they are. */
export function parseEnv(text: string): Environment {
  const pairs = text.split("\n").flatMap((line) => {
    const at = line.indexOf("=");
    return at > 0 && !line.startsWith("#") ? [[line.slice(0, at), line.slice(at + 1)] as const] : [];
  });
  return Object.fromEntries(pairs);
}
