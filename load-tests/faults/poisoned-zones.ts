import type { Toxic, Toxiproxy } from "@headwater/infra";
import { type Liar, type Lie, startLiar } from "./liar.ts";
import type { World } from "./world.ts";

/** A zone of memcached behind proxies, one for each of its servers. */
export interface PoisonedZone {
  readonly name: string;
  /** host:port of each server, as Headwater knows it. */
  readonly addresses: readonly string[];
  poison(toxic: Toxic): Promise<void>;
  tell(lie: Lie): void;
  /** Nobody listens there any more. */
  cut(): Promise<void>;
  heal(): Promise<void>;
}

export interface PoisonedZones {
  /** What Headwater is to be started with. */
  readonly settings: NodeJS.ProcessEnv;
  readonly zones: readonly PoisonedZone[];
  stop(): Promise<void>;
}

/** Puts a proxy, and behind it a liar, in front of every memcached server of the world. */
export async function poisonZones({ settings }: World, toxiproxy: Toxiproxy): Promise<PoisonedZones> {
  const liars: Liar[] = [];
  const zones: PoisonedZone[] = [];
  for (const [name, addresses] of zonesIn(settings)) {
    const own = await Promise.all(addresses.map(startLiar));
    liars.push(...own);
    const proxies = await Promise.all(own.map(({ address }, n) => toxiproxy.proxy(`${name}${n}`, address)));
    const tell = (lie: Lie | undefined) => {
      for (const liar of own) liar.lie = lie;
    };
    zones.push({
      name,
      addresses: proxies.map(({ address }) => address),
      poison: async (toxic) => void (await Promise.all(proxies.map((proxy) => proxy.poison(toxic)))),
      tell,
      cut: async () => void (await Promise.all(proxies.map((proxy) => proxy.cut()))),
      heal: async () => {
        tell(undefined);
        await Promise.all(proxies.map((proxy) => proxy.heal()));
      },
    });
  }
  const listed = zones.map(({ name, addresses }) => `${name}=${addresses.join(",")}`);
  return {
    settings: { HEADWATER_MEMCACHED_ZONES: listed.join(";") },
    zones,
    stop: async () => {
      for (const liar of liars) await liar.stop();
    },
  };
}

function zonesIn({ HEADWATER_MEMCACHED_ZONES: text = "" }: NodeJS.ProcessEnv): [string, string[]][] {
  return text.split(";").map((zone) => {
    const [name = "", addresses = ""] = zone.split("=");
    return [name, addresses.split(",")];
  });
}
