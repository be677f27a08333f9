import { type ZonedCache, type ZonesOptions, zones } from "@headwater/cache";
import { memcachedNode } from "./memcached-node.ts";
import type { Address } from "./parse-zones.ts";

export interface MemcachedZonesOptions extends Omit<ZonesOptions, "zones"> {
  /** As `parseZones` gives them. None: a cache that is always empty. */
  zones: Readonly<Record<string, readonly Address[]>>;
  /** As of a node. */
  timeoutMs?: number;
}

/** The memcached tier: every zone a full copy, its chunks spread over its servers. Connects when first used. */
export function memcachedZones(options: MemcachedZonesOptions): ZonedCache & { close(): void } {
  const { zones: spec, timeoutMs, ...rest } = options;
  const limits = timeoutMs === undefined ? {} : { timeoutMs };
  const all = Object.entries(spec).map(([name, addresses]) => ({
    name,
    nodes: Object.fromEntries(
      addresses.map((address) => [`${address.host}:${address.port}`, memcachedNode({ ...address, ...limits })]),
    ),
  }));
  return {
    ...zones({ zones: all, ...rest }),
    close() {
      for (const zone of all) for (const node of Object.values(zone.nodes)) node.close();
    },
  };
}
