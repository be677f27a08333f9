export { hintsOnly } from "./hints.ts";
export { type MemoryNotices, memoryNotices } from "./memory.ts";
export * from "./port.ts";
