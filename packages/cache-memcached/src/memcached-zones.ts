import { type ChunkCache, type ZonesOptions, zones } from "@headwater/cache";
import { memcachedNode } from "./memcached-node.ts";
import type { Address } from "./parse-zones.ts";

export interface MemcachedZonesOptions extends Omit<ZonesOptions, "zones"> {
  /** As `parseZones` gives them. None: a cache that is always empty. */
  zones: Readonly<Record<string, readonly Address[]>>;
}

/** The memcached tier: every zone a full copy, its chunks spread over its servers. Connects when first used. */
export function memcachedZones({ zones: spec, ...options }: MemcachedZonesOptions): ChunkCache & { close(): void } {
  const all = Object.entries(spec).map(([name, addresses]) => ({
    name,
    nodes: Object.fromEntries(addresses.map((address) => [`${address.host}:${address.port}`, memcachedNode(address)])),
  }));
  return {
    ...zones({ zones: all, ...options }),
    close() {
      for (const zone of all) for (const node of Object.values(zone.nodes)) node.close();
    },
  };
}
