import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { findBinary } from "@headwater/infra";
import { socketInodes } from "../bench/support/process-size.ts";

const LOOK_MS = 500;
const ESTABLISHED = "01";
/** Connections that are opened a second. */
const RATE = 500;
/** Between two bytes of a client. */
const INTERVAL_SEC = "5";

/** The ways to be slow, as slowhttptest's options. */
export const ATTACKS = {
  headers: ["-H", "-i", INTERVAL_SEC, "-x", "24"],
  bodies: ["-B", "-i", INTERVAL_SEC, "-x", "10", "-s", "8192", "-t", "POST"],
  readers: ["-X", "-w", "512", "-y", "1024", "-n", INTERVAL_SEC, "-z", "32"],
} as const;
export type Attack = keyof typeof ATTACKS;

export interface SlowOptions {
  readonly attack: Attack;
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
  readonly prefix: readonly string[];
}

export interface SlowResult {
  /** Connections of the attack that the server held open; ms since the Unix epoch. */
  readonly open: readonly (readonly [atMs: number, count: number])[];
  /** How long the longest of them was open; half a second is not told from one more. */
  readonly longestSec: number;
}

/** Runs slowhttptest and follows each of its connections until it is closed, by the server or at the end. Linux only. */
export async function slowClients({ attack, url, connections, seconds, prefix }: SlowOptions): Promise<SlowResult> {
  const program = findBinary("slowhttptest");
  if (!program) throw new Error('slowhttptest is missing: run "node infra/src/install.ts slowhttptest"');
  const how = ["-c", `${connections}`, "-r", `${RATE}`, "-l", `${seconds}`, "-p", "3", "-u", url];
  const line = [...prefix, program, ...ATTACKS[attack], ...how];
  const child = spawn(line[0]!, line.slice(1), { stdio: "ignore" });
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  const late = setTimeout(kill, (seconds + 10) * 1000);
  const ended = once(child, "exit");
  const port = Number(new URL(url).port);
  const seen = new Map<string, { readonly firstMs: number; lastMs: number }>();
  const open: [number, number][] = [];
  while (child.exitCode === null && child.signalCode === null) {
    const atMs = Date.now();
    const sockets = await openSockets(child, port);
    for (const end of sockets) {
      const one = seen.get(end);
      if (one === undefined) seen.set(end, { firstMs: atMs, lastMs: atMs });
      else one.lastMs = atMs;
    }
    open.push([atMs, sockets.length]);
    await Promise.race([sleep(LOOK_MS), ended]);
  }
  await ended;
  clearTimeout(late);
  process.removeListener("exit", kill);
  const lives = [...seen.values()].map(({ firstMs, lastMs }) => lastMs - firstMs);
  return { open, longestSec: Math.max(0, ...lives) / 1000 };
}

/**
 * Which of the process's connections to that port the server has not closed, by their ends there. What the kernel still has
 * to send for the server after that, as a client does not read, is no longer the server's.
 */
async function openSockets({ pid }: ChildProcess, port: number): Promise<string[]> {
  const own = new Set(await socketInodes(pid));
  const table = (await readFile("/proc/net/tcp", "utf8")).split("\n").map((line) => line.trim().split(/\s+/));
  const ends = new Set(
    table.flatMap(([, local, , , , , , , , inode]) => (inode !== undefined && own.has(inode) ? [local] : [])),
  );
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  return table.flatMap(([, local, remote, state]) =>
    local?.endsWith(`:${hex}`) && state === ESTABLISHED && remote !== undefined && ends.has(remote) ? [remote] : [],
  );
}
