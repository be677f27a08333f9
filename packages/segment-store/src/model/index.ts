export * from "./candidate.ts";
export * from "./event.ts";
export * from "./ids.ts";
export * from "./mask.ts";
export * from "./shape.ts";
