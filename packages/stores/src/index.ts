export { type OpenOptions, openStores, type Stores } from "./open-stores.ts";
