import { type ChildProcess, spawn } from "node:child_process";

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  /** Rejects if the program cannot be started, or had to be killed at its deadline. */
  readonly ended: Promise<Ended>;
}

const children = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of children) child.kill("SIGKILL");
});

/** Runs a program, keeps what it prints, and kills it (SIGKILL) after `deadlineMs`. It dies with us. */
export function run(command: string, args: readonly string[], deadlineMs: number): Running {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
  children.add(child);
  const ended = new Promise<Ended>((resolve, reject) => {
    let stdout = "";
    let stderr = "";
    let late = false;
    child.stdout.on("data", (bytes) => {
      stdout += bytes;
    });
    child.stderr.on("data", (bytes) => {
      stderr += bytes;
    });
    const timer = setTimeout(() => {
      late = true;
      child.kill("SIGKILL");
    }, deadlineMs);
    child.once("error", reject);
    child.once("close", (code) => {
      clearTimeout(timer);
      children.delete(child);
      if (late) reject(new Error(`${command} had not ended after ${deadlineMs} ms; it said: ${stderr.slice(-500)}`));
      else resolve({ code, stdout, stderr: stderr.trim() });
    });
  });
  ended.catch(() => {}); // whoever awaits it is told; nobody else needs to be
  return { child, ended };
}
