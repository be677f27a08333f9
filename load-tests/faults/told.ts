import { readFile } from "node:fs/promises";
import type { Headwater } from "../proof/harness/headwater.ts";

/** What the supervisor tells in its line `headwater ready`. */
export interface Told {
  readonly pids: { readonly supervisor: number };
  readonly urls: { readonly admin: Readonly<Record<"origin" | "publisher" | "worker", readonly string[]>> };
}

export async function toldBy({ logFile }: Headwater): Promise<Told> {
  const json = /^headwater ready (\{.*\})$/m.exec(await readFile(logFile, "utf8"))?.[1];
  if (json === undefined) throw new Error("the line `headwater ready` has not come");
  return JSON.parse(json);
}
