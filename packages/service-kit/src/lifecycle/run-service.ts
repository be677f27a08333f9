import type { Server } from "node:http";
import { hostname } from "node:os";
import { type Clock, systemClock } from "../clock/clock.ts";
import { adminServer, closeServer, listen, type Readiness } from "../http/index.ts";
import { createLogger, type Logger } from "../logging/logger.ts";
import { createMetrics, type Metrics } from "../metrics/metrics.ts";
import { readSettings, type ServiceName, type Settings, SettingsError } from "../settings/index.ts";
import { VERSION } from "../version.ts";
import { drain } from "./drain.ts";
import { stopRequest } from "./stop-request.ts";

/** What every service is given to wire itself with. */
export type ServiceContext = {
  readonly settings: Settings;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly clock: Clock;
  /** Names this process among all: service, host and pid. */
  readonly processId: string;
  /** Aborted when the drain begins: refuse new waiting, end timers. */
  readonly draining: AbortSignal;
  /** To be called while it starts: what the start waits for, in plain words, for /readyz and the log. */
  readonly waiting: (reason: string) => void;
};

export type Running = {
  /** Data servers that listen already, made by `createHttpServer`. */
  readonly servers: readonly Server[];
  /** Why the process cannot do its job, in plain words; empty when it can. Asked at every /readyz. */
  readonly notReady: () => readonly string[];
  /** Called when the last request has ended: closes stores and connections. */
  readonly close: () => Promise<void>;
};

/**
 * A service's whole life: settings, admin port, `start`, wait for SIGTERM, SIGINT or the parent's end, drain, exit 0.
 * A start that fails, an exception or a rejection nobody handled: logged, exit 1.
 */
export async function runService(name: ServiceName, start: (context: ServiceContext) => Promise<Running>) {
  let settings: Settings;
  try {
    settings = readSettings(process.env, name);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    process.stderr.write(`headwater ${name}: ${error.message}\n`);
    process.exitCode = 1;
    return;
  }
  const logger = createLogger(settings);
  dieOfUnhandledErrors(logger);

  const stopping = stopRequest();
  // Told to end before it serves anything: there is nothing to drain.
  const endAtOnce = () => process.exit(0);
  stopping.addEventListener("abort", endAtOnce);
  const metrics = createMetrics(name);
  let running: Running | undefined;
  let waitingFor = "starting";
  const waiting = (reason: string) => {
    waitingFor = `starting: ${reason}`;
    logger.warn({ reason }, "the start has to wait");
  };
  const readiness = (): Readiness => {
    const reasons = stopping.aborted ? ["draining"] : (running?.notReady() ?? [waitingFor]);
    return { ready: reasons.length === 0, reasons };
  };
  metrics.ready.readFrom(() => [{ labels: {}, value: readiness().ready ? 1 : 0 }]);
  const admin = adminServer({ service: name, version: VERSION, ready: readiness, registry: metrics.registry });

  try {
    // First, and never shared: a process whose admin port is taken must not take part of another's data port.
    await listen(admin, settings.adminListen);
    const processId = `${name}-${hostname()}-${process.pid}`;
    running = await start({ settings, logger, metrics, clock: systemClock, processId, draining: stopping, waiting });
  } catch (error) {
    logger.fatal({ err: error }, `the start failed: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  }
  stopping.removeEventListener("abort", endAtOnce);
  logger.info({ adminListen: settings.adminListen }, "started");

  await new Promise((resolve) => stopping.addEventListener("abort", resolve, { once: true }));
  logger.info({ reason: stopping.reason }, "draining");
  await drain({ running, delayMs: settings.limits.drainDelayMs, logger });
  await closeServer(admin, 0);
  logger.info("ended");
}

function dieOfUnhandledErrors(logger: Logger): void {
  const die = (message: string) => (error: unknown) => {
    logger.fatal({ err: error }, message);
    process.exit(1);
  };
  process.on("uncaughtException", die("an exception nobody handled"));
  process.on("unhandledRejection", die("a rejection nobody handled"));
}
