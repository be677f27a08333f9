import { compareHits } from "../bench/hits.ts";
import type { Result } from "../bench/support/result.ts";
import { ensureStores, startStores } from "./servers.ts";
import { versions } from "./versions.ts";

/** What a gigabyte of 2 MiB hits costs each peer in CPU. Takes about two minutes. */
export async function run(): Promise<Result> {
  await ensureStores();
  return { ...(await compareHits(startStores)), versions: await versions() };
}
