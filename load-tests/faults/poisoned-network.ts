import type { Toxic, Toxiproxy } from "@headwater/infra";
import type { World } from "./world.ts";

/** The way to Cassandra and Redis, through a proxy for each of their servers. */
export interface PoisonedNetwork {
  /** What Headwater is to be started with. */
  readonly settings: NodeJS.ProcessEnv;
  poison(toxic: Toxic): Promise<void>;
  heal(): Promise<void>;
}

export async function poisonNetwork({ settings, redis }: World, toxiproxy: Toxiproxy): Promise<PoisonedNetwork> {
  const nodes = settings.HEADWATER_CASSANDRA_CONTACT_POINTS?.split(",") ?? [];
  const toNodes = await Promise.all(nodes.map((node, n) => toxiproxy.proxy(`cassandra${n}`, node)));
  const redisAt = new URL(settings.HEADWATER_REDIS_URL ?? "").host;
  const toRedis = redis === undefined ? [] : [await toxiproxy.proxy("redis", redisAt)];
  const all = [...toNodes, ...toRedis];
  return {
    settings: {
      HEADWATER_CASSANDRA_CONTACT_POINTS: toNodes.map(({ address }) => address).join(","),
      HEADWATER_CASSANDRA_ADDRESS_MAP: nodes.map((node, n) => `${node}=${toNodes[n]!.address}`).join(","),
      ...(toRedis[0] !== undefined && { HEADWATER_REDIS_URL: `redis://${toRedis[0].address}` }),
    },
    poison: async (toxic) => void (await Promise.all(all.map((proxy) => proxy.poison(toxic)))),
    heal: async () => void (await Promise.all(all.map((proxy) => proxy.heal()))),
  };
}
