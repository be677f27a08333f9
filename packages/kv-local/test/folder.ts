import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LocalKv, type LocalKvOptions, openLocalKv } from "@headwater/kv-local";

/** A data folder of its own, with clients that end with it. */
export async function dataFolder() {
  const dir = await mkdtemp(join(tmpdir(), "headwater-kv-"));
  const clients: LocalKv[] = [];
  return {
    dir,
    async open(options: Omit<LocalKvOptions, "dir"> = {}): Promise<LocalKv> {
      const kv = await openLocalKv({ dir, ...options });
      clients.push(kv);
      return kv;
    },
    async close(): Promise<void> {
      for (const kv of clients) await kv.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
