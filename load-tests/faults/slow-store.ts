import { type Pace, startSlowCql } from "../proof/harness/slow-cql.ts";
import type { World } from "./world.ts";

/** Cassandra behind proxies that slow its statements, one for each node. */
export interface SlowStore {
  /** What Headwater is to be started with. */
  readonly settings: NodeJS.ProcessEnv;
  setPace(pace: Pace): void;
  /** Cuts it off: whatever is to be read through Headwater is read before. */
  stop(): Promise<void>;
}

/** At the nodes' own pace, to begin with. */
export async function startSlowStore({ settings }: World): Promise<SlowStore> {
  const nodes = settings.HEADWATER_CASSANDRA_CONTACT_POINTS?.split(",") ?? [];
  const proxies = await Promise.all(nodes.map(startSlowCql));
  return {
    settings: {
      HEADWATER_CASSANDRA_CONTACT_POINTS: proxies.map(({ address }) => address).join(","),
      HEADWATER_CASSANDRA_ADDRESS_MAP: nodes.map((node, i) => `${node}=${proxies[i]!.address}`).join(","),
    },
    setPace(pace) {
      for (const proxy of proxies) proxy.pace = pace;
    },
    stop: async () => void (await Promise.all(proxies.map((proxy) => proxy.stop()))),
  };
}
