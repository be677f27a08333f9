export { type ControlOverrides, startControl } from "./start.ts";
