import { compareNotFound } from "../bench/not-found.ts";
import type { Result } from "../bench/support/result.ts";
import { ensureStores, startStores } from "./servers.ts";
import { versions } from "./versions.ts";

/** What a 404 costs each peer in CPU. Takes about two minutes. */
export async function run(): Promise<Result> {
  await ensureStores();
  return { ...(await compareNotFound(startStores)), versions: await versions() };
}
