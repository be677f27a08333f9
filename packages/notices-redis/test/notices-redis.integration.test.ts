import { setTimeout as delay } from "node:timers/promises";
import { memoryKv } from "@headwater/kv";
import { type NoticesHarness, runNoticesContract } from "@headwater/notices/contract";
import { RedisNotices } from "@headwater/notices-redis";
import { describe, expect, test } from "@jest/globals";
import { haveRedis, RedisServer } from "./redis-server.ts";

async function harness(
  channelOf: (server: RedisServer) => NonNullable<NoticesHarness["channel"]>,
): Promise<NoticesHarness> {
  const server = await RedisServer.start();
  const kv = memoryKv();
  const all: RedisNotices[] = [];
  return {
    async client() {
      const notices = new RedisNotices({ url: server.url, channel: "test:notices", publisher: true });
      all.push(notices);
      return { kv, notices };
    },
    channel: channelOf(server),
    async close() {
      for (const notices of all) await notices.close();
      await server.kill();
    },
  };
}

(haveRedis() ? describe : describe.skip)("with a real Redis", () => {
  runNoticesContract("notices-redis, Redis killed and started again,", {
    make: () => harness((server) => ({ cut: () => server.kill(), mend: () => server.start() })),
  });

  runNoticesContract("notices-redis, Redis frozen for a while,", {
    make: () => harness((server) => ({ cut: async () => server.freeze(), mend: async () => server.thaw() })),
  });

  test("those of another channel of the same Redis are not heard", async () => {
    const server = await RedisServer.start();
    const [ours, theirs] = ["ours", "theirs"].map(
      (channel) => new RedisNotices({ url: server.url, channel, publisher: true }),
    ) as [RedisNotices, RedisNotices];
    const heard: string[] = [];
    const listenTo = (notices: RedisNotices) =>
      notices.subscribe({ onNotice: ({ row }) => heard.push(row.id), onGap: () => {} });
    const subscriptions = [await listenTo(ours), await listenTo(theirs)];
    while (subscriptions.some((subscription) => subscription.completeUntilMs() === 0)) await delay(10);
    const row = { key: Buffer.of(0), value: Buffer.of(1), tokenUs: 1 };
    await theirs.publish({ namespace: "6h", row: { ...row, id: "theirs" } });
    await ours.publish({ namespace: "6h", row: { ...row, id: "ours" } });
    while (heard.length < 2) await delay(10);
    const sinceMs = Date.now();
    while (subscriptions.some((subscription) => subscription.completeUntilMs() <= sinceMs)) await delay(10);
    expect(heard.sort()).toEqual(["ours", "theirs"]);
    await ours.close();
    await theirs.close();
    await server.kill();
  });
});
