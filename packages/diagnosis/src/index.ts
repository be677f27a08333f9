export { diagnose } from "./diagnose.ts";
export type { Code, Copy, EventFeed, Finding, RenditionFeed, Severity } from "./types.ts";
