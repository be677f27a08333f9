import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { quietPort, ROOT, startPart, until } from "@headwater/infra";

const READY_LINE = /^headwater ready (\{.*\})$/m;
const READY_MS = 60_000;
/** The supervisor itself waits up to 16 s for its children. */
const STOP_MS = 20_000;
const RESTART_MS = 20_000;
const LISTENERS = [
  ...["PUBLISHER", "ORIGIN", "CONTROL"],
  ...["PUBLISHER_ADMIN", "ORIGIN_ADMIN", "CONTROL_ADMIN", "WORKER_ADMIN"],
];

export type Service = "publisher" | "origin" | "control" | "worker";

/** Headwater as `npm start` runs it, on ports of its own. */
export interface Headwater {
  /** Without a slash at the end. */
  readonly urls: { readonly publish: string; readonly origin: string; readonly control: string };
  readonly operatorToken: string;
  /** What another process on the same store is to be given. */
  readonly storeSettings: NodeJS.ProcessEnv;
  /** Everything the supervisor and its children print. */
  readonly logFile: string;
  /** Of the first process of that kind, as it is now. */
  pid(service: Service): Promise<number>;
  /** Kills that process (SIGKILL) and resolves when the supervisor has another one ready. */
  restart(service: Service): Promise<void>;
  stop(): Promise<void>;
}

interface ReadyLine {
  readonly urls: Headwater["urls"] & { readonly admin: Readonly<Record<Service, readonly string[]>> };
  readonly token: string;
}

/**
 * Starts all four services with the supervisor. Rejects with the end of their log when they are not ready in 60 s.
 * @param dir for data and the log
 * @param env settings on top of those of the embedded store; see `clusterSettings`
 */
export async function startHeadwater(dir: string, env: NodeJS.ProcessEnv = {}): Promise<Headwater> {
  const logFile = join(dir, "headwater.log");
  const storeSettings = { HEADWATER_STORE: "local", HEADWATER_DATA_DIR: join(dir, "data"), ...env };
  let ready: ReadyLine | undefined;
  const supervisor = await startPart({
    name: "Headwater",
    command: process.execPath,
    args: [join(ROOT, "tools", "supervisor", "main.ts")],
    cwd: ROOT,
    env: {
      ...withoutHeadwater(process.env),
      ...(await ownListeners()),
      HEADWATER_DRAIN_DELAY_MS: "0",
      ...storeSettings,
    },
    logFile,
    ready: async () => {
      ready = readyLine(await readFile(logFile, "utf8"));
    },
    readyMs: READY_MS,
    graceMs: STOP_MS,
  });
  const { urls, token } = ready!;

  const pid = async (service: Service): Promise<number> => {
    const answer = await fetch(`${urls.admin[service][0]}/healthz`, { signal: AbortSignal.timeout(2000) });
    return ((await answer.json()) as { pid: number }).pid;
  };
  const restart = async (service: Service): Promise<void> => {
    const before = await pid(service);
    process.kill(before, "SIGKILL");
    await until(async () => {
      if ((await pid(service)) === before) throw new Error(`${service} is still the old process`);
      const answer = await fetch(`${urls.admin[service][0]}/readyz`, { signal: AbortSignal.timeout(2000) });
      if (!answer.ok) throw new Error(`${service} is not ready: ${answer.status}`);
    }, RESTART_MS);
  };
  return { urls, operatorToken: token, storeSettings, logFile, pid, restart, stop: supervisor.stop };
}

function readyLine(log: string): ReadyLine {
  const json = READY_LINE.exec(log)?.[1];
  if (json === undefined) throw new Error("the line `headwater ready` has not come");
  return JSON.parse(json);
}

async function ownListeners(): Promise<NodeJS.ProcessEnv> {
  const env: NodeJS.ProcessEnv = {};
  const ports = new Set<number>();
  while (ports.size < LISTENERS.length) ports.add(await quietPort());
  for (const [i, port] of [...ports].entries()) env[`HEADWATER_${LISTENERS[i]}_LISTEN`] = `127.0.0.1:${port}`;
  return env;
}

/** Settings of the shell must not reach a run that says what it runs on. */
function withoutHeadwater(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith("HEADWATER_")));
}
