export { type Origin, type OriginOverrides, startOrigin } from "./origin.ts";
