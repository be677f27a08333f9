import { until } from "@headwater/infra";
import type { Headwater } from "../proof/harness/headwater.ts";
import { toldBy } from "./told.ts";

const SERVICES = ["publisher", "origin", "control", "worker"] as const;

/** So that the URLs of the event hold on. */
export function sameUrls({ urls }: Headwater): NodeJS.ProcessEnv {
  return {
    HEADWATER_PUBLISHER_LISTEN: new URL(urls.publish).host,
    HEADWATER_ORIGIN_LISTEN: new URL(urls.origin).host,
    HEADWATER_CONTROL_LISTEN: new URL(urls.control).host,
  };
}

/** The supervisor first: it would start the others again. Resolves when all are gone. */
export async function killAll(headwater: Headwater): Promise<void> {
  const told = await toldBy(headwater);
  const pids = [told.pids.supervisor, ...(await Promise.all(SERVICES.map((service) => headwater.pid(service))))];
  for (const pid of pids) process.kill(pid, "SIGKILL");
  await until(async () => {
    for (const pid of pids) if (isAlive(pid)) throw new Error(`${pid} still lives`);
  }, 5_000);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
