// `npm run service -- origin`: one more process of a kind, with the settings of the supervisor that runs here, if one
// does, on the same data port and the next free admin port.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { type Environment, readSettings, SERVICES, type ServiceName, SettingsError } from "@headwater/service-kit";
import { serviceProcess } from "./services.ts";
import { sharedSettings } from "./shared-settings.ts";

const MAX_INDEX = 99;

const [asked] = process.argv.slice(2);
const service = SERVICES.find((name) => name === asked);
if (service) {
  try {
    await run(service);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    process.stderr.write(`headwater: ${error.message}\n`);
    process.exitCode = 1;
  }
} else {
  process.stderr.write(`usage: npm run service -- ${SERVICES.join("|")}\n`);
  process.exitCode = 2;
}

async function run(name: ServiceName): Promise<void> {
  const env = await sharedSettings(process.env);
  const index = await freeIndex(name, env);
  const { command, args, env: own, adminUrl } = serviceProcess(name, index, env);
  process.stderr.write(`headwater: starting ${name}, with its health at ${adminUrl}\n`);
  const child = spawn(command, args, { env: own, stdio: ["ignore", 2, 2, "ipc"] });
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => child.kill("SIGTERM"));
  const [code] = (await once(child, "exit")) as [number | null];
  process.exitCode = code ?? 1;
}

/** The lowest index whose admin port nobody has; those of the supervisor's own processes are left to them. */
async function freeIndex(name: ServiceName, env: Environment): Promise<number> {
  const first = readSettings(env, name).processes[name];
  for (let index = first; index <= MAX_INDEX; index++) {
    const { adminListen } = readSettings({ ...env, HEADWATER_PROCESS_INDEX: String(index) }, name);
    if (await isFree(adminListen)) return index;
  }
  throw new SettingsError(`No admin port is free for another ${name}: ${MAX_INDEX} of them run.`);
}

async function isFree(address: { host: string; port: number }): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(address);
    await once(server, "listening");
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}
