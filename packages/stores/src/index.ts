export { type Migrated, migrateStore } from "./migrate-store.ts";
export { type OpenOptions, openStores, type Stores } from "./open-stores.ts";
