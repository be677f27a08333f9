export { memoryKv } from "./memory.ts";
export * from "./paging.ts";
export * from "./port.ts";
export * from "./retention.ts";
export * from "./value.ts";
