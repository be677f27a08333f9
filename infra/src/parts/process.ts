import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, openSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { findBinary } from "./binaries.ts";
import { until } from "./until.ts";

/** A real server that runs beside us as a child process. */
export interface Part {
  readonly pid: number;
  /** Everything the process printed. */
  readonly logFile: string;
  /** Whether the process still runs. */
  readonly running: () => boolean;
  /** SIGTERM, then SIGKILL to its process group after the grace; resolves when the process is gone. May be called again. */
  stop(): Promise<void>;
}

export interface PartOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly logFile: string;
  /** Resolves when the server answers; asked again and again until then. */
  readonly ready: () => Promise<unknown>;
  readonly readyMs?: number;
  readonly graceMs?: number;
  /** Lives on when this process ends. Default: it dies with us, however we end (on Linux even by SIGKILL). */
  readonly outliveUs?: boolean;
}

/** Starts the process and waits until it is ready; stops it and throws with the end of its log if it ends or is too late. */
export async function startPart(options: PartOptions): Promise<Part> {
  const { name, logFile, readyMs = 10_000, graceMs = 5_000 } = options;
  mkdirSync(dirname(logFile), { recursive: true });
  const log = openSync(logFile, "a");
  const [command, args] = dyingWithUs(options);
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    detached: true, // its own process group: Ctrl-C reaches only us, and we stop it in order
    stdio: ["ignore", log, log],
  });
  const ended = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) => resolve(`it ended with ${signal ?? code}`));
  });
  child.unref();
  const running = () => child.pid !== undefined && child.exitCode === null && child.signalCode === null;
  const stop = () => stopChild(child, ended, running, graceMs);
  if (!options.outliveUs) killAtExit(child, ended);

  try {
    await until(options.ready, readyMs, () => !running());
  } catch (error) {
    const reason = running() ? String(error) : await ended;
    await stop();
    throw new Error(`${name} did not start within ${readyMs} ms: ${reason}\n${tail(logFile)}`);
  }
  return { pid: child.pid!, logFile, running, stop };
}

/** Linux ends the child with its parent, whatever ended that; elsewhere only `killAtExit` does. */
function dyingWithUs({ command, args, outliveUs }: PartOptions): [string, readonly string[]] {
  const setpriv = outliveUs ? undefined : findBinary("setpriv");
  return setpriv ? [setpriv, ["--pdeathsig", "TERM", "--", command, ...args]] : [command, args];
}

/** Those that are not to outlive us. */
const dependents = new Set<ChildProcess>();
const killDependents = () => {
  for (const { pid } of dependents) signalGroup(pid, "SIGKILL");
};

function killAtExit(child: ChildProcess, ended: Promise<string>): void {
  if (dependents.size === 0) process.once("exit", killDependents);
  dependents.add(child);
  void ended.then(() => {
    dependents.delete(child);
    if (dependents.size === 0) process.removeListener("exit", killDependents);
  });
}

async function stopChild(child: ChildProcess, ended: Promise<string>, running: () => boolean, graceMs: number) {
  if (!running()) return;
  child.ref();
  child.kill("SIGTERM");
  child.kill("SIGCONT"); // a frozen process would never see the SIGTERM
  const timer = setTimeout(() => signalGroup(child.pid, "SIGKILL"), graceMs);
  await ended;
  clearTimeout(timer);
}

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch {
    // gone already
  }
}

function tail(file: string, lines = 20): string {
  return readFileSync(file, "utf8").trimEnd().split("\n").slice(-lines).join("\n");
}
