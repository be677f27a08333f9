export type { IncomingSegment, Stored, StoreResult } from "./candidates.ts";
export { type ObjectPath, parseObjectPath } from "./object-path.ts";
export { type PublishedObject, Publishing, type PublishingOptions, type PublishResult } from "./publishing.ts";
export type { Upload, Uploaded } from "./upload.ts";
