export { type BackgroundReads, Catalog, type CatalogOptions } from "./catalog.ts";
export { EventMasks } from "./event-masks.ts";
export { EventView } from "./event-view.ts";
export { NUMBERS_BEFORE, RenditionTail, TAIL_NUMBERS } from "./rendition-tail.ts";
export { closesAtMs, templateOf } from "./template.ts";
