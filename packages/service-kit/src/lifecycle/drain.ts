import { setTimeout as sleep } from "node:timers/promises";
import { beginDrain, closeServer } from "../http/index.ts";
import type { Logger } from "../logging/logger.ts";
import type { Running } from "./run-service.ts";

const REQUESTS_CAP_MS = 10_000;
/** All of a drain; a supervisor gives up on a process after 15 s. */
const DEADLINE_MS = 14_000;
const CLOSE_CAP_MS = 1_000;
const LINGER_MS = 500;

export type DrainOptions = {
  readonly running: Running;
  readonly delayMs: number;
  readonly logger: Logger;
};

/**
 * Interface §4: the port stays open for `delayMs` with `Connection: close` on every answer, then closes; running
 * requests end normally, those that take more than 10 s are cut; then the service closes its stores. The process
 * exits with 0 even when something keeps it alive beyond the deadline.
 */
export async function drain({ running, delayMs, logger }: DrainOptions): Promise<void> {
  process.exitCode = 0;
  exitAfter(DEADLINE_MS, logger);
  for (const server of running.servers) beginDrain(server);
  await sleep(delayMs);
  const capMs = Math.min(REQUESTS_CAP_MS, DEADLINE_MS - CLOSE_CAP_MS - delayMs);
  await Promise.all(running.servers.map((server) => closeServer(server, capMs)));
  try {
    await running.close();
  } catch (error) {
    logger.error({ err: error }, "closing failed");
  }
  exitAfter(LINGER_MS, logger);
}

/** Unreferenced: it only matters when something keeps the process alive that should have ended. */
function exitAfter(ms: number, logger: Logger): void {
  setTimeout(() => {
    logger.error("something keeps the drained process alive: ending it");
    process.exit();
  }, ms).unref();
}
