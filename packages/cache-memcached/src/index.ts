export { type MemcachedNodeOptions, memcachedNode } from "./memcached-node.ts";
export { type MemcachedZonesOptions, memcachedZones } from "./memcached-zones.ts";
export { type Address, parseZones } from "./parse-zones.ts";
export { ConnectionError } from "./reply-reader.ts";
