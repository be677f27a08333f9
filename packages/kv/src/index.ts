export { memoryKv } from "./memory.ts";
export * from "./port.ts";
export * from "./value.ts";
