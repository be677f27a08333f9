export { type Clock, clockReasons, ManualClock, systemClock } from "./clock/clock.ts";
export * from "./http/index.ts";
export { type Running, runService, type ServiceContext } from "./lifecycle/run-service.ts";
export { createLogger, type Logger } from "./logging/logger.ts";
export * from "./metrics/metrics.ts";
export * from "./settings/index.ts";
export { VERSION } from "./version.ts";
