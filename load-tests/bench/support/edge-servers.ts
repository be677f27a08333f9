import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import {
  accepts,
  ensureParts,
  findBinary,
  freePort,
  initSegment,
  mediaSegment,
  startEdge,
  startHeadwater,
  startPart,
} from "@headwater/infra";
import { cpuMs, pin } from "./cpu-time.ts";
import { median } from "./result.ts";

export const SERVER_CORE = 0;
export const LOAD_CORE = 1;
const ROUNDS = 5;
const SECONDS = 3;
/** Long enough for V8 to have compiled what is hot. */
const WARM_UP_SECONDS = 3;
const SEGMENT_MS = 2000;

export const ORIGIN = "Headwater's origin";
export const BARE = "bare node:http";
export const VARNISH = "Varnish";

export interface Measured {
  readonly server: string;
  readonly requests: number;
  readonly perSecond: number;
  /** Medians, least and most of the rounds. */
  readonly cpuUsPerRequest: number;
  readonly lowest: number;
  readonly highest: number;
}

/** A server that runs on core 0. */
export interface Server {
  readonly server: string;
  readonly pid: number;
  /** Without a path. */
  readonly url: string;
  stop(): Promise<void>;
}

/** What the other servers are to have: the same bytes under the same path as the origin. */
export interface Published {
  /** For files of theirs; gone when all is measured. */
  readonly dir: string;
  readonly path: string;
  readonly bytes: Buffer;
}

export interface ServersOptions {
  /** Of the one segment that the event has. */
  readonly sizeBytes: number;
  /** What is asked, below the event, given that segment's number. */
  readonly path: (newest: number) => string;
  /** Starts more servers to compare. */
  readonly more?: (published: Published) => Promise<Server[]>;
}

/**
 * CPU per answer of the origin, of node:http that sends the same bytes, of Varnish that has them, and of `more`. One
 * server at a time on one core, wrk on another, the rounds of all interleaved.
 */
export async function compareServers(options: ServersOptions & { readonly connections: number }): Promise<Measured[]> {
  const missing = await ensureParts(["wrk", "varnish"]);
  if (missing.length > 0) throw new Error(`this benchmark needs ${missing.join(" and ")}`);
  const { servers, stop } = await startServers(options);
  try {
    const rounds = servers.map(({ server, pid, url }) => ({ server, pid, url, samples: [] as Sample[] }));
    for (const { pid, url } of servers) await sample(pid, url, options.connections, WARM_UP_SECONDS);
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const { pid, url, samples } of rounds) samples.push(await sample(pid, url, options.connections, SECONDS));
    }
    return rounds.map(({ server, samples }) => summary(server, samples));
  } finally {
    await stop();
  }
}

/** Starts them all, each with the whole URL that is asked of it. */
export async function startServers(
  options: ServersOptions,
): Promise<{ servers: Omit<Server, "stop">[]; bytes: Buffer; stop(): Promise<void> }> {
  const dir = await mkdtemp(join(tmpdir(), "headwater-bench-"));
  const stops: (() => Promise<void>)[] = [() => rm(dir, { recursive: true, force: true })];
  const stop = async () => {
    for (const each of stops.reverse()) await each();
  };
  try {
    const headwater = await startHeadwater({ dir, cores: { origin: SERVER_CORE } });
    stops.push(headwater.stop);
    const event = await headwater.createEvent({ id: "bench", timeline: "epoch" });
    const newest = Math.floor(Date.now() / SEGMENT_MS);
    await event.put("720p/init.mp4", initSegment());
    const bytes = mediaSegment({ number: newest, durationMs: SEGMENT_MS, sizeBytes: options.sizeBytes });
    await event.put(`720p/${newest}.m4s`, bytes);
    const path = `/live/bench/${options.path(newest)}`;

    const edge = await startEdge({ kind: "varnish", origin: new URL(headwater.origin.url).host, dir });
    stops.push(edge.stop);
    pin(edge.pid, SERVER_CORE);
    const bare = await startBare(dir, headwater.origin.url + path);
    stops.push(bare.stop);
    const more = (await options.more?.({ dir, path: `/live/bench/v1/720p/${newest}.m4s`, bytes })) ?? [];
    stops.push(...more.map((server) => server.stop));

    const servers = [
      { server: ORIGIN, pid: headwater.origin.pid, url: headwater.origin.url + path },
      { server: BARE, pid: bare.pid, url: bare.url },
      { server: VARNISH, pid: edge.pid, url: edge.url + path },
      ...more.map(({ server, pid, url }) => ({ server, pid, url: url + path })),
    ];
    return { servers, bytes, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startBare(dir: string, url: string) {
  const port = await freePort();
  const script = join(import.meta.dirname, "bare-server.ts");
  const part = await startPart({
    name: "bare node:http",
    command: "taskset",
    args: ["-c", `${SERVER_CORE}`, process.execPath, script, `${port}`, url],
    logFile: join(dir, "bare.log"),
    ready: () => accepts(port),
  });
  return { ...part, url: `http://127.0.0.1:${port}/` };
}

interface Sample {
  readonly requests: number;
  readonly perSecond: number;
  readonly cpuUsPerRequest: number;
}

async function sample(pid: number, url: string, connections: number, seconds: number): Promise<Sample> {
  const before = cpuMs(pid);
  const args = ["-c", `${LOAD_CORE}`, findBinary("wrk")!, "-t1", `-c${connections}`, `-d${seconds}s`, url];
  const { stdout } = await promisify(execFile)("taskset", args);
  await sleep(50);
  const usedMs = cpuMs(pid) - before;
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1]);
  const perSecond = Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]);
  if (!(requests > 0) || /Socket errors/.test(stdout)) throw new Error(`wrk at ${url}:\n${stdout}`);
  return { requests, perSecond, cpuUsPerRequest: (usedMs * 1000) / requests };
}

function summary(server: string, samples: readonly Sample[]): Measured {
  const costs = samples.map(({ cpuUsPerRequest }) => cpuUsPerRequest);
  const round = (us: number) => Number(us.toFixed(us < 1000 ? 1 : 0));
  return {
    server,
    requests: samples.reduce((sum, { requests }) => sum + requests, 0),
    perSecond: Math.round(median(samples.map(({ perSecond }) => perSecond))),
    cpuUsPerRequest: round(median(costs)),
    lowest: round(Math.min(...costs)),
    highest: round(Math.max(...costs)),
  };
}

/** What one server's CPU is, divided by another's. */
export function cpuRatio(measured: readonly Measured[], one: string, other: string): number {
  const of = (server: string) => measured.find((row) => row.server === server)!.cpuUsPerRequest;
  return of(one) / of(other);
}

/** How it was measured, for titles. */
export const METHOD = `one core each, ${ROUNDS} interleaved rounds of ${SECONDS} s, load by wrk on the other core`;
