import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

const POLL_MS = 100;
const GRACE_MS = 15_000;

/** A process that runs on without us. `birth` tells it from a later one that was given the same pid. */
export interface BackgroundProcess {
  readonly pid: number;
  readonly birth: string;
}

/** When the process began, in a form that only serves comparison; undefined when it is gone. */
export function birthOf(pid: number): string | undefined {
  try {
    if (process.platform !== "linux") {
      return execFileSync("ps", ["-p", `${pid}`, "-o", "lstart="], { encoding: "utf8" }).trim() || undefined;
    }
    // After the command in brackets: the state first, the start in clock ticks since boot as the 20th field.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)!.split(" ");
    return fields[0] === "Z" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

export function isAlive({ pid, birth }: BackgroundProcess): boolean {
  return birthOf(pid) === birth;
}

/** SIGTERM, after 15 s SIGKILL; never touches a process that is not the one that was started. */
export async function stopProcess(part: BackgroundProcess): Promise<void> {
  signal(part, "SIGTERM");
  signal(part, "SIGCONT"); // a frozen process would never see the SIGTERM
  const deadline = performance.now() + GRACE_MS;
  while (isAlive(part) && performance.now() < deadline) await sleep(POLL_MS);
  signal(part, "SIGKILL");
}

function signal(part: BackgroundProcess, name: NodeJS.Signals): void {
  try {
    if (isAlive(part)) process.kill(part.pid, name);
  } catch {
    // gone just now
  }
}
