export { settingsDocument } from "./document.ts";
export { SettingsError } from "./error.ts";
export type { Address, EdgeKind, EdgeSetting, MemcachedZones, NamedToken } from "./kind.ts";
export { httpUrl, type Limits, readSettings, type Settings, type StoreSettings } from "./settings.ts";
export { SERVICES, type ServiceName } from "./table.ts";
export type { Environment } from "./values.ts";
