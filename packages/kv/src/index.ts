export { answerWithin } from "./answer-within.ts";
export { guardedHome, type HomeKv, type HomeOptions } from "./home.ts";
export { memoryKv } from "./memory.ts";
export * from "./namespaces.ts";
export * from "./paging.ts";
export * from "./port.ts";

export * from "./value.ts";
