import { type DestinationStream, destination, type Logger, pino } from "pino";
import type { Settings } from "../settings/index.ts";

export type { Logger } from "pino";

const SECRET_FIELDS = ["authorization", "Authorization", "token", "publishToken", "password", "secret", "cookie"];
const STDERR = 2;

/**
 * JSON lines on stderr (stdout is left to what a person or a script reads), each with the service and its pid.
 * Fields that hold credentials are hidden, up to two levels deep.
 */
export function createLogger(
  settings: Pick<Settings, "service" | "logLevel">,
  stream: DestinationStream = destination(STDERR),
): Logger {
  return pino(
    {
      level: settings.logLevel,
      base: { service: settings.service, pid: process.pid },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]),
        censor: "[hidden]",
      },
    },
    stream,
  );
}
