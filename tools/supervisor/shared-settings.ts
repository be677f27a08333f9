import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Environment } from "@headwater/service-kit";
import { keepSecret } from "./kept-secret.ts";

/** What each supervisor that runs here started its children with, for `npm run service`. With tokens: mode 0600. */
const DIR = join(import.meta.dirname, "..", "..", ".cache", "supervisor");
const fileOf = (pid: number) => join(DIR, `${pid}.json`);

export async function shareSettings(env: Environment): Promise<void> {
  await keepSecret(fileOf(process.pid), JSON.stringify(ours(env)));
}

export async function unshareSettings(): Promise<void> {
  await rm(fileOf(process.pid), { force: true });
}

/**
 * The settings of the youngest supervisor that agrees with everything set in `env`, which may be nothing; `env` alone
 * when none does. Leftovers of supervisors that are gone are removed.
 */
export async function sharedSettings(env: Environment): Promise<Environment> {
  const names = await readdir(DIR).catch(() => []);
  const pids = names.map((name) => Number.parseInt(name, 10)).filter((pid) => pid > 0);
  for (const pid of pids.sort((a, b) => b - a)) {
    if (!isAlive(pid)) await rm(fileOf(pid), { force: true });
    else {
      const shared: Environment = JSON.parse(await readFile(fileOf(pid), "utf8"));
      if (Object.entries(ours(env)).every(([variable, value]) => shared[variable] === value))
        return { ...env, ...shared };
    }
  }
  return env;
}

function ours(env: Environment): Environment {
  return Object.fromEntries(Object.entries(env).filter(([variable]) => variable.startsWith("HEADWATER_")));
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
