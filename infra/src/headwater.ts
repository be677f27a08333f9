import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { ROOT } from "./parts/paths.ts";
import { type Part, startPart } from "./parts/process.ts";
import { quietPort } from "./parts/quiet-port.ts";
import { until } from "./parts/until.ts";

const READY_MS = 20_000;
const CALL_TIMEOUT_MS = 10_000;
const KNOWN_MS = 2_000;
const OPERATOR_TOKEN = "operator-of-this-run";

/** In the order in which they start; they stop in the opposite one. */
const SERVICES = ["control", "publisher", "origin"] as const;
type ServiceName = (typeof SERVICES)[number];

export interface Service extends Part {
  readonly url: string;
  /** Its health and metrics. */
  readonly adminUrl: string;
}

/** The real services as processes of their own, on free loopback ports. */
export interface Headwater extends Readonly<Record<ServiceName, Service>> {
  /** `fields` as in the control API; the event has one pipeline unless they say otherwise. */
  createEvent(fields: { readonly id: string } & Readonly<Record<string, unknown>>): Promise<Publishing>;
  stop(): Promise<void>;
}

/** How to publish to an event, as its first pipeline. */
export interface Publishing {
  readonly publishUrl: string;
  readonly publishToken: string;
  /** PUT of `{rendition}/{file}`. Rejects when the answer is not 2xx. */
  put(path: string, body: Uint8Array): Promise<void>;
}

export interface HeadwaterOptions {
  /** Data and logs. */
  readonly dir: string;
  /** More settings. Default: the local store below `dir`. */
  readonly env?: Readonly<Record<string, string>>;
  /** The CPU core that a service has to keep to (needs taskset). */
  readonly cores?: Partial<Readonly<Record<ServiceName, number>>>;
}

/** Starts control, publisher and origin; resolves when all are ready. */
export async function startHeadwater({ dir, env = {}, cores = {} }: HeadwaterOptions): Promise<Headwater> {
  await mkdir(dir, { recursive: true });
  const listening: Record<string, string> = {};
  for (const name of SERVICES) {
    listening[`HEADWATER_${name.toUpperCase()}_LISTEN`] = `127.0.0.1:${await quietPort()}`;
    listening[`HEADWATER_${name.toUpperCase()}_ADMIN_LISTEN`] = `127.0.0.1:${await quietPort()}`;
  }
  const settings = {
    PATH: process.env.PATH,
    HEADWATER_DATA_DIR: join(dir, "data"),
    HEADWATER_OPERATOR_TOKEN: OPERATOR_TOKEN,
    HEADWATER_DRAIN_DELAY_MS: "0",
    HEADWATER_LOG_LEVEL: "warn",
    ...env,
    ...listening,
  };

  const services = new Map<ServiceName, Service>();
  const stop = async () => {
    for (const service of [...services.values()].reverse()) await service.stop();
  };
  try {
    for (const name of SERVICES) services.set(name, await startService(name, dir, settings, cores[name]));
  } catch (error) {
    await stop();
    throw error;
  }
  const started = Object.fromEntries(services) as Record<ServiceName, Service>;
  return { ...started, stop, createEvent: (fields) => createEvent(started.control.url, fields) };
}

export interface BesideOptions {
  /** For its log; made if it is not there. */
  readonly dir: string;
  /** Its settings. It listens on a free port unless they say where; where its health is asked is its own. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly readyMs?: number;
}

/** One more origin on the stores of others, that no supervisor knows of; resolves when it is ready. */
export const startOriginBeside = (options: BesideOptions): Promise<Service> => startBeside("origin", options);

/** One more publisher, likewise. */
export const startPublisherBeside = (options: BesideOptions): Promise<Service> => startBeside("publisher", options);

async function startBeside(name: ServiceName, { dir, env, readyMs }: BesideOptions): Promise<Service> {
  await mkdir(dir, { recursive: true });
  const settings = {
    PATH: process.env.PATH,
    HEADWATER_DRAIN_DELAY_MS: "0",
    [`HEADWATER_${name.toUpperCase()}_LISTEN`]: `127.0.0.1:${await quietPort()}`,
    ...env,
    [`HEADWATER_${name.toUpperCase()}_ADMIN_LISTEN`]: `127.0.0.1:${await quietPort()}`,
  };
  return startService(name, dir, settings, undefined, readyMs);
}

async function startService(
  name: ServiceName,
  dir: string,
  env: Readonly<Record<string, string | undefined>>,
  core: number | undefined,
  readyMs = READY_MS,
): Promise<Service> {
  const adminUrl = `http://${env[`HEADWATER_${name.toUpperCase()}_ADMIN_LISTEN`]}`;
  const node = [process.execPath, join(ROOT, "services", name, "src", "main.ts")];
  const [command, ...args] = core === undefined ? node : ["taskset", "-c", `${core}`, ...node];
  const part = await startPart({
    name,
    command: command!,
    args,
    env,
    logFile: join(dir, `${name}.log`),
    ready: () => readyAt(adminUrl),
    readyMs,
    graceMs: 15_000,
  });
  return { ...part, url: `http://${env[`HEADWATER_${name.toUpperCase()}_LISTEN`]}`, adminUrl };
}

async function readyAt(adminUrl: string): Promise<void> {
  const { status } = await fetch(`${adminUrl}/readyz`, { signal: AbortSignal.timeout(CALL_TIMEOUT_MS) });
  if (status !== 200) throw new Error(`${adminUrl}/readyz answers ${status}`);
}

async function createEvent(controlUrl: string, fields: object): Promise<Publishing> {
  const answer = await fetch(`${controlUrl}/v1/events`, {
    method: "POST",
    headers: { Authorization: `Bearer ${OPERATOR_TOKEN}`, "Content-Type": "application/json" },
    body: JSON.stringify(fields),
    signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
  });
  if (answer.status !== 201) throw new Error(`POST /v1/events: ${answer.status} ${await answer.text()}`);
  const { pipelines } = (await answer.json()) as { pipelines: { publishUrl: string; publishToken: string }[] };
  const { publishUrl, publishToken } = pipelines[0]!;
  const base = publishUrl.replace(/\/$/, "");
  // Another process made it: the publisher hears of it within a second. An empty probe stores nothing.
  await until(() => put(`${base}/probe`, publishToken, new Uint8Array()), KNOWN_MS);
  return { publishUrl: base, publishToken, put: (path, body) => put(`${base}/${path}`, publishToken, body) };
}

async function put(url: string, token: string, body: Uint8Array): Promise<void> {
  const answer = await fetch(url, {
    method: "PUT",
    headers: { Authorization: `Bearer ${token}` },
    body: body as BodyInit,
    signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`PUT ${url}: ${answer.status} ${text}`);
}
