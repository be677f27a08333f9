export { Catalog, type CatalogOptions } from "./catalog.ts";
export { EventView } from "./event-view.ts";
export { RenditionTail, TAIL_NUMBERS } from "./rendition-tail.ts";
export { templateOf } from "./template.ts";
