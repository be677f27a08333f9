import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CACHE } from "../parts/paths.ts";
import type { BackgroundProcess } from "./background.ts";

export const STACK_DIR = join(CACHE, "stack");
const STATE_FILE = join(STACK_DIR, "state.json");
const ENV_FILE = join(STACK_DIR, "env");

/** One real part that runs for `npm run stack`; Cassandra has a process for each node. */
export interface StackPart {
  readonly name: "cassandra" | "memcached-a" | "memcached-b" | "redis";
  /** host:port, comma-separated where there are several. */
  readonly address: string;
  readonly processes: readonly BackgroundProcess[];
}

/** What runs, as the last `start` left it. */
export async function readState(): Promise<readonly StackPart[]> {
  try {
    return JSON.parse(await readFile(STATE_FILE, "utf8"));
  } catch {
    return [];
  }
}

/** Records what runs and the environment that uses it (`KEY=value` lines in `.cache/stack/env`). */
export async function writeState(parts: readonly StackPart[]): Promise<void> {
  await mkdir(STACK_DIR, { recursive: true });
  const files = [
    [STATE_FILE, JSON.stringify(parts, null, 2)],
    [ENV_FILE, envLines(parts)],
  ] as const;
  for (const [file, text] of files) {
    await writeFile(`${file}.new`, `${text}\n`);
    await rename(`${file}.new`, file);
  }
}

export async function removeState(): Promise<void> {
  await Promise.all([STATE_FILE, ENV_FILE].map((file) => rm(file, { force: true })));
}

/** The settings with which Headwater's services use these parts. */
export function stackEnv(parts: readonly StackPart[]): Record<string, string> {
  const address = (name: StackPart["name"]) => parts.find((part) => part.name === name)?.address;
  const cassandra = address("cassandra");
  const zones = (["a", "b"] as const).flatMap((zone) => {
    const node = address(`memcached-${zone}`);
    return node ? [`${zone}=${node}`] : [];
  });
  const redis = address("redis");
  return {
    ...(cassandra && {
      HEADWATER_STORE: "cassandra",
      HEADWATER_CASSANDRA_CONTACT_POINTS: cassandra,
      HEADWATER_CASSANDRA_DATACENTER: "datacenter1",
      HEADWATER_CASSANDRA_KEYSPACE: "headwater",
    }),
    ...(zones.length > 0 && { HEADWATER_MEMCACHED_ZONES: zones.join(";"), HEADWATER_ZONE: zones[0]!.slice(0, 1) }),
    ...(redis && { HEADWATER_REDIS_URL: `redis://${redis}` }),
  };
}

export function envLines(parts: readonly StackPart[]): string {
  return Object.entries(stackEnv(parts))
    .map(([name, value]) => `${name}=${value}`)
    .join("\n");
}
