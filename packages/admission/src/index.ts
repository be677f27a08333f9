export { AdaptiveLimit, type AdaptiveLimitOptions, type Outcome } from "./adaptive-limit.ts";
export { type Asker, CLASSES, type ReadClass } from "./asker.ts";
export { FairRate } from "./fair-rate.ts";
export { Limiter, type LimiterOptions, type Permit } from "./limiter.ts";
export { RateBucket } from "./rate-bucket.ts";
export { ShedMemory } from "./shed-memory.ts";
