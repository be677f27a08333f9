import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Environment } from "@headwater/service-kit";
import { keepSecret } from "./kept-secret.ts";

/** What the supervisor that runs here started its children with, for `npm run service`. Holds tokens: mode 0600. */
const FILE = join(import.meta.dirname, "..", "..", ".cache", "supervisor", "settings.json");

type Shared = { readonly pid: number; readonly env: Environment };

export async function shareSettings(env: Environment): Promise<void> {
  const ours = Object.entries(env).filter(([variable]) => variable.startsWith("HEADWATER_"));
  await keepSecret(FILE, JSON.stringify({ pid: process.pid, env: Object.fromEntries(ours) } satisfies Shared));
}

export async function unshareSettings(): Promise<void> {
  if ((await read())?.pid === process.pid) await rm(FILE, { force: true });
}

/** The settings of the supervisor that runs now; none when none does. */
export async function sharedSettings(): Promise<Environment> {
  const shared = await read();
  return shared && isAlive(shared.pid) ? shared.env : {};
}

async function read(): Promise<Shared | undefined> {
  try {
    return JSON.parse(await readFile(FILE, "utf8"));
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
