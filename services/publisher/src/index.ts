export { type Overrides, type Publisher, startPublisher } from "./wiring.ts";
