export { type Change, ChangeRing } from "./change-ring.ts";
export { LocalKv, type LocalKvOptions, openLocalKv } from "./local-kv.ts";
export { evictOldest, expire, type Removed, sweep } from "./retention.ts";
export { spareBytes } from "./room.ts";
