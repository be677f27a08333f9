import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { cpus } from "node:os";

/** Linux counts processes' time in hundredths of a second (USER_HZ). */
const TICK_MS = 10;

/** CPU that the process and its children that live now have used, in user space and in the kernel. */
export function cpuMs(pid: number): number {
  return family(pid).reduce((sum, { ticks }) => sum + ticks * TICK_MS, 0);
}

/** Keeps the process, its children and all their threads to one core. */
export function pin(pid: number, core: number): void {
  for (const member of family(pid)) execFileSync("taskset", ["-a", "-c", "-p", `${core}`, `${member.pid}`]);
}

/** Keeps this process, but not its children, to one core, until what it returns is called. */
export function pinThisProcess(core: number): () => void {
  const taskset = (cores: string) => execFileSync("taskset", ["-a", "-c", "-p", cores, `${process.pid}`]);
  taskset(`${core}`);
  return () => void taskset(`0-${cpus().length - 1}`);
}

interface Stat {
  readonly pid: number;
  readonly parent: number;
  readonly ticks: number;
}

function family(pid: number): Stat[] {
  const all = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => stat(Number(name)));
  const members = all.filter((process) => process.pid === pid);
  for (const { pid: member } of members) members.push(...all.filter(({ parent }) => parent === member));
  return members;
}

function stat(pid: number): Stat[] {
  try {
    // Behind the command in brackets: the state, the parent; user and system time are the 12th and 13th.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)!.split(" ");
    return [{ pid, parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) }];
  } catch {
    return [];
  }
}
