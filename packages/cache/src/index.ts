export { decodeChunk, encodeChunk, FRAME_BYTES } from "./frame.ts";
export { type HotSet, hotSet } from "./hot-set.ts";
export { memoryNode } from "./memory-node.ts";
export type { ChunkNode } from "./node.ts";
export type { ChunkCache } from "./port.ts";
export { type SingleFlight, singleFlight } from "./single-flight.ts";
export type { ZoneNode } from "./zone-node.ts";
export {
  READ_OUTCOMES,
  WRITE_OUTCOMES,
  type Zone,
  type ZonedCache,
  type ZoneRead,
  type ZonesOptions,
  type ZoneWrite,
  zones,
} from "./zones.ts";
