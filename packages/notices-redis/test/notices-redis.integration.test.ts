import { memoryKv } from "@headwater/kv";
import { type NoticesHarness, runNoticesContract } from "@headwater/notices/contract";
import { RedisNotices } from "@headwater/notices-redis";
import { describe } from "@jest/globals";
import { haveRedis, RedisServer } from "./redis-server.ts";

async function harness(
  channelOf: (server: RedisServer) => NonNullable<NoticesHarness["channel"]>,
): Promise<NoticesHarness> {
  const server = await RedisServer.start();
  const kv = memoryKv();
  const all: RedisNotices[] = [];
  return {
    async client() {
      const notices = new RedisNotices({ url: server.url, publisher: true });
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
});
