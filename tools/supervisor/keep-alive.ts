import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { Backoff } from "./backoff.ts";

export type ChildSpec = {
  /** What people read: "origin", "publisher 2". */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** With an IPC channel a child of ours notices when the supervisor is gone. */
  readonly ipc: boolean;
};

export type KeptChild = {
  /** Of the process that runs now; undefined between two lives. */
  pid(): number | undefined;
  /** SIGTERM, and SIGKILL after `graceMs`; resolves when it has ended. It is not started again. */
  stop(graceMs: number): Promise<void>;
};

/** Starts a child, and starts it again whenever it ends, until it is stopped. `log` is told of every end. */
export function keepAlive(spec: ChildSpec, log: (line: string) => void): KeptChild {
  const backoff = new Backoff();
  let child: ChildProcess | undefined;
  let restart: NodeJS.Timeout | undefined;
  let stopping = false;
  let onEnd = () => {};

  const start = () => {
    restart = undefined;
    const startedAt = performance.now();
    child = spawn(spec.command, spec.args, { env: spec.env, stdio: stdioOf(spec) });
    let ended = false;
    const end = (how: string) => {
      if (ended) return;
      ended = true;
      child = undefined;
      if (stopping) return onEnd();
      const delayMs = backoff.next(performance.now() - startedAt);
      log(`${spec.name} ended (${how}); starting it again ${delayMs === 0 ? "at once" : `in ${delayMs / 1000} s`}`);
      restart = setTimeout(start, delayMs);
    };
    child.once("error", (error) => end(error.message));
    child.once("exit", (code, signal) => end(signal ?? `exit code ${code}`));
  };

  start();
  return {
    pid: () => child?.pid,
    stop: (graceMs) => {
      stopping = true;
      clearTimeout(restart);
      const running = child;
      if (!running) return Promise.resolve();
      return new Promise((resolve) => {
        const kill = setTimeout(() => running.kill("SIGKILL"), graceMs);
        onEnd = () => {
          clearTimeout(kill);
          resolve();
        };
        running.kill("SIGTERM");
      });
    },
  };
}

/** Whatever a child writes goes to our stderr; our stdout is for the person or script that started us. */
function stdioOf({ ipc }: ChildSpec): StdioOptions {
  return ipc ? ["ignore", 2, 2, "ipc"] : ["ignore", 2, 2];
}
