import { join } from "node:path";
import {
  type Environment,
  httpUrl,
  readSettings,
  SERVICES,
  type ServiceName,
  SettingsError,
} from "@headwater/service-kit";
import type { ChildSpec } from "./keep-alive.ts";

const ROOT = join(import.meta.dirname, "..", "..");

/** One process of a service, and where its health is asked. */
export type ServiceProcess = ChildSpec & { readonly service: ServiceName; readonly adminUrl: string };

/**
 * One process: the `index`th of its kind.
 * @throws SettingsError
 */
export function serviceProcess(service: ServiceName, index: number, env: Environment): ServiceProcess {
  const own = { ...env, HEADWATER_PROCESS_INDEX: String(index) };
  const { adminListen } = readSettings(own, service);
  if (adminListen.port === 0) {
    const variable = `HEADWATER_${service.toUpperCase()}_ADMIN_LISTEN`;
    throw new SettingsError(`${variable} has port "0", but must have a fixed port for the supervisor to ask.`);
  }
  return {
    service,
    name: index === 0 ? service : `${service} ${index + 1}`,
    command: process.execPath,
    args: [join(ROOT, "services", service, "src", "main.ts")],
    env: own,
    ipc: true,
    adminUrl: httpUrl(adminListen),
  };
}

/**
 * All processes of one machine, as many of each kind as the settings say.
 * @throws SettingsError
 */
export function serviceProcesses(env: Environment): ServiceProcess[] {
  const { processes } = readSettings(env, "control");
  return SERVICES.flatMap((service) =>
    Array.from({ length: processes[service] }, (_, index) => serviceProcess(service, index, env)),
  );
}
