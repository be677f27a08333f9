// `npm start [-- --demo]`, `npm run start:cluster`: the four services as processes of their own, kept alive, with an
// event to try them with.
import { join } from "node:path";
import { commandLine } from "@headwater/infra";
import { type Environment, readSettings, type Settings, SettingsError } from "@headwater/service-kit";
import { announce } from "./announce.ts";
import { clusterSettings } from "./cluster.ts";
import { type DemoEvent, demoEvent } from "./demo-event.ts";
import { encoderArgs, findFfmpeg } from "./ffmpeg.ts";
import { type KeptChild, keepAlive } from "./keep-alive.ts";
import { keptSecret } from "./kept-secret.ts";
import { allReady } from "./ready.ts";
import { serviceProcesses } from "./services.ts";
import { shareSettings, unshareSettings } from "./shared-settings.ts";

const USAGE = `npm start [-- --demo]
npm run start:cluster [-- --demo]
  --demo runs an encoder too; settings are HEADWATER_ variables (docs/settings.md)
`;
const ENCODER_GRACE_MS = 2_000;
/** A service drains for at most 15 s. */
const SERVICE_GRACE_MS = 16_000;

const log = (line: string) => process.stderr.write(`headwater: ${line}\n`);
const stopping = stopSignal();
const children: KeptChild[] = [];
let encoder: KeptChild | undefined;

try {
  await run();
} catch (error) {
  if (!stopping.aborted) {
    log(error instanceof SettingsError || !(error instanceof Error) ? String((error as Error).message) : error.message);
    process.exitCode = 1;
  }
}
await encoder?.stop(ENCODER_GRACE_MS);
await Promise.all(children.map((child) => child.stop(SERVICE_GRACE_MS)));
await unshareSettings();

async function run(): Promise<void> {
  const { values: options, positionals } = commandLine(USAGE, {
    demo: { type: "boolean" },
    cluster: { type: "boolean" },
  });
  if (positionals.length > 0) throw new Error(`there is no ${positionals[0]}; --help tells what there is`);
  const env = await withOperator(options.cluster ? { ...clusterSettings(), ...process.env } : process.env);
  const settings = readSettings(env, "control");
  const processes = serviceProcesses(env);
  const started = processes.map((process) => {
    const child = keepAlive(process, log);
    children.push(child);
    return { ...process, pid: child.pid };
  });
  await shareSettings(env);
  await allReady(started, stopping, log);

  const event = await tryDemoEvent(settings);
  if (event && options.demo) {
    const ffmpeg = findFfmpeg();
    const args = encoderArgs(event, { outlivePublisher: false, basic: ffmpeg.basic });
    encoder = keepAlive({ name: "ffmpeg", command: ffmpeg.path, args, env: process.env, ipc: false }, log);
  }
  announce({ settings, event, processes: started, encoderPid: encoder?.pid() });
  await new Promise((resolve) => stopping.addEventListener("abort", resolve, { once: true }));
  log("stopping");
}

/** Control needs an operator: when none is set, one is made and kept with the data. */
async function withOperator(env: Environment): Promise<Environment> {
  const { operatorTokens, dataDir } = readSettings(env, "worker");
  if (operatorTokens.length > 0) return env;
  return { ...env, HEADWATER_OPERATOR_TOKEN: await keptSecret(join(dataDir, "operator-token")) };
}

/** Without the event everything else still works, so a refusal is told and no more. */
async function tryDemoEvent({ urls, operatorTokens, dataDir }: Settings): Promise<DemoEvent | undefined> {
  try {
    const operatorToken = operatorTokens[0]?.token ?? "";
    return await demoEvent({ controlUrl: urls.control, operatorToken, tokenFile: join(dataDir, "demo-publish-token") });
  } catch (error) {
    log(error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

/** Aborted by the first SIGTERM or SIGINT; npm passes Ctrl-C on, so the same one may come twice. */
function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => controller.abort(signal));
  return controller.signal;
}
