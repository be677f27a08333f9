import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type LocalKv, openLocalKv } from "@headwater/kv-local";
import { runNoticesContract } from "@headwater/notices/contract";
import { localNotices } from "@headwater/notices-local";
import { expect, test } from "@jest/globals";

async function dataFolder() {
  const dir = await mkdtemp(join(tmpdir(), "headwater-notices-"));
  const clients: LocalKv[] = [];
  return {
    dir,
    async client() {
      const kv = await openLocalKv({ dir });
      clients.push(kv);
      return { kv, notices: localNotices({ dir }) };
    },
    async close() {
      for (const kv of clients) await kv.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

runNoticesContract("notices-local", { make: dataFolder });

test("a subscriber that the ring has overrun is told of the gap, and hears what is left", async () => {
  const folder = await dataFolder();
  const { kv, notices } = await folder.client();
  let gaps = 0;
  let heard = 0;
  const subscription = await notices.subscribe({ onNotice: () => heard++, onGap: () => gaps++ });
  const beganMs = Date.now();
  // One turn of the event loop: no poll comes between.
  kv.database.exec("BEGIN");
  for (let n = 0; n < 4002; n++) {
    kv.database.exec("INSERT INTO changes (ns, id, key, value, token_us) VALUES ('1h', 'id', x'01', x'', 1)");
  }
  kv.database.exec("DELETE FROM changes WHERE seq <= 2; COMMIT");
  while (subscription.completeUntilMs() <= beganMs + 10) await delay(2);
  expect([gaps, heard]).toEqual([1, 4000]);
  await subscription.close();
  await folder.close();
});
