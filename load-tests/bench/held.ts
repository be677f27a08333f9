/**
 * Held requests: how soon everyone who waits for the next segment has its first byte once its PUT is through. One
 * process asks, publishes and reads, so that all moments are of one clock.
 */

import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:http";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  freePort,
  type Headwater,
  initSegment,
  mediaSegment,
  type Publishing,
  ROOT,
  startHeadwater,
  startPart,
} from "@headwater/infra";
import { quantile, type Result } from "./support/result.ts";

const BODY_BYTES = 2 * 1024 * 1024;
const SEGMENT_MS = 4000;
const ROUNDS = 3;
/** Shorter than a hold. */
const ALL_HELD_MS = 7000;
/** Node's histogram counts the 10 ms between two looks at the event loop as well. */
const LOOP_RESOLUTION_MS = 10;
const GOAL = { firstByteMs: 250, loopDelayMs: 50 };

interface Row {
  readonly processes: number;
  readonly waiters: number;
  readonly rounds: number;
  readonly firstByteP50Ms: number;
  readonly firstByteP99Ms: number;
  readonly firstByteMaxMs: number;
  readonly lastByteP99Ms: number;
  readonly loopDelayMaxMs: number;
  readonly storeReadsPerProcess: number;
}

/** Takes about a minute. */
export async function run(): Promise<Result> {
  const rows = [await measure(1, 1000), await measure(2, 2000)];
  return {
    title: `held requests: ${BODY_BYTES / 1024 / 1024} MiB body, time from the PUT's last byte`,
    rows,
    verdict: rows.map(verdict).join("\n"),
  };
}

function verdict({ processes, waiters, firstByteP99Ms, loopDelayMaxMs, storeReadsPerProcess }: Row): string {
  const told = (value: number, goal: number) => `${value} ms (goal ${goal}: ${value <= goal ? "met" : "MISSED"})`;
  return [
    `${waiters} waiters, ${processes} processes: first byte p99 ${told(firstByteP99Ms, GOAL.firstByteMs)}`,
    `loop delay at most ${told(loopDelayMaxMs, GOAL.loopDelayMs)}`,
    `reads of the store per process and chunk ${storeReadsPerProcess}`,
  ].join(", ");
}

async function measure(processes: number, waiters: number): Promise<Row> {
  const dir = await mkdtemp(join(tmpdir(), "headwater-bench-"));
  const stops = [() => rm(dir, { recursive: true, force: true })];
  try {
    const headwater = await startHeadwater({ dir });
    stops.push(headwater.stop);
    const adminUrls = [headwater.origin.adminUrl];
    for (let index = 1; index < processes; index += 1) {
      const origin = await startOrigin(headwater, dir);
      stops.push(origin.stop);
      adminUrls.push(origin.adminUrl);
    }
    const event = await headwater.createEvent({
      id: "held",
      timeline: "epoch",
      segmentDuration: SEGMENT_MS,
      holdMs: 8000,
      // However slow the machine, each number is the next one for long enough.
      retryDeadlineMs: 60_000,
    });
    await event.put("720p/init.mp4", initSegment());
    let number = Math.floor(Date.now() / SEGMENT_MS);
    await event.put(`720p/${number}.m4s`, segment(number));

    const rounds: Round[] = [];
    // The first one warms up.
    for (let round = 0; round <= ROUNDS; round += 1) {
      number += 1;
      await sleep(Math.max(0, number * SEGMENT_MS - Date.now()));
      const measured = await holdRound({ headwater, event, adminUrls, number, waiters });
      if (round > 0) rounds.push(measured);
    }
    return summary(processes, waiters, rounds);
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

interface Round {
  readonly firstByteMs: readonly number[];
  readonly lastByteMs: readonly number[];
  readonly loopDelayMs: number;
  readonly storeReads: number;
}

interface RoundOptions {
  readonly headwater: Headwater;
  readonly event: Publishing;
  readonly adminUrls: readonly string[];
  readonly number: number;
  readonly waiters: number;
}

async function holdRound({ headwater, event, adminUrls, number, waiters }: RoundOptions): Promise<Round> {
  const { hostname, port } = new URL(headwater.origin.url);
  const path = `/live/held/v1/720p/${number}.m4s`;
  const readers = await Promise.all(Array.from({ length: waiters }, () => reader(hostname, Number(port), path)));
  const deadlineMs = performance.now() + ALL_HELD_MS;
  while ((await total(adminUrls, "headwater_holds")) < waiters) {
    if (performance.now() > deadlineMs) throw new Error("the machine is too busy: not all were held in their time");
    await sleep(50);
  }
  const readsBefore = await total(adminUrls, STORE_READS);
  const publishedMs = await put(`${event.publishUrl}/720p/${number}.m4s`, event.publishToken, segment(number));
  // One process reads for everyone: were it to go on with some, the first bytes of others would wait in its sockets.
  const firstByteMs = await Promise.all(readers.map((one) => one.firstByteMs));
  for (const { socket } of readers) socket.resume();
  const lastByteMs = await Promise.all(readers.map((one) => one.lastByteMs));
  const delays = await Promise.all(adminUrls.map((url) => metric(url, "nodejs_eventloop_lag_max_seconds")));
  return {
    firstByteMs: firstByteMs.map((ms) => ms - publishedMs),
    lastByteMs: lastByteMs.map((ms) => ms - publishedMs),
    loopDelayMs: Math.max(...delays) * 1000 - LOOP_RESOLUTION_MS,
    storeReads: (await total(adminUrls, STORE_READS)) - readsBefore,
  };
}

function summary(processes: number, waiters: number, rounds: readonly Round[]): Row {
  const firstByteMs = rounds.flatMap((round) => round.firstByteMs);
  return {
    processes,
    waiters,
    rounds: rounds.length,
    firstByteP50Ms: Math.round(quantile(firstByteMs, 0.5)),
    firstByteP99Ms: Math.round(quantile(firstByteMs, 0.99)),
    firstByteMaxMs: Math.round(Math.max(...firstByteMs)),
    lastByteP99Ms: Math.round(
      quantile(
        rounds.flatMap((round) => round.lastByteMs),
        0.99,
      ),
    ),
    loopDelayMaxMs: Math.round(Math.max(...rounds.map((round) => round.loopDelayMs))),
    storeReadsPerProcess: Math.max(...rounds.map((round) => round.storeReads)) / processes / CHUNKS,
  };
}

interface Reader {
  /** Resolves to the moment of the first byte; the socket then stands still until it is resumed. */
  readonly firstByteMs: Promise<number>;
  readonly lastByteMs: Promise<number>;
  readonly socket: Socket;
}

/** A GET over a connection of its own, which closes behind the last byte. */
async function reader(host: string, port: number, path: string): Promise<Reader> {
  const socket = connect({ host, port });
  await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  socket.write(`GET ${path} HTTP/1.1\r\nHost: origin\r\nConnection: close\r\n\r\n`);
  const first = Promise.withResolvers<number>();
  const last = Promise.withResolvers<number>();
  let bytes = 0;
  let status = "";
  socket.on("data", (part) => {
    if (bytes === 0) {
      status = part.toString("latin1", 9, 12);
      socket.pause();
      first.resolve(performance.now());
    }
    bytes += part.length;
  });
  socket.on("error", last.reject);
  socket.on("close", () => {
    if (bytes > BODY_BYTES) last.resolve(performance.now());
    else for (const { reject } of [first, last]) reject(new Error(`a held request got ${status} and ${bytes} bytes`));
  });
  last.promise.catch(() => {}); // Until everyone has a first byte nobody looks at it.
  return { firstByteMs: first.promise, lastByteMs: last.promise, socket };
}

/** Resolves to when the last byte was handed to the system. Rejects when the answer is not 2xx. */
function put(url: string, token: string, body: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    let sentMs = 0;
    const headers = { Authorization: `Bearer ${token}`, "Content-Length": body.length };
    const req = request(url, { method: "PUT", headers, agent: false }, (res) => {
      res.resume().on("end", () => {
        if (res.statusCode === 201) resolve(sentMs);
        else reject(new Error(`PUT: ${res.statusCode}`));
      });
    });
    req.on("finish", () => {
      sentMs = performance.now();
    });
    req.on("error", reject);
    req.end(body);
  });
}

const segment = (number: number) => mediaSegment({ number, durationMs: SEGMENT_MS, sizeBytes: BODY_BYTES });

const CHUNKS = BODY_BYTES / (512 * 1024);
const STORE_READS = 'headwater_storage_reads_total{tier="store",cause="segment"}';

async function total(adminUrls: readonly string[], name: string): Promise<number> {
  const values = await Promise.all(adminUrls.map((url) => metric(url, name)));
  return values.reduce((sum, value) => sum + value, 0);
}

/** The present value of a metric, 0 if it has none. The event loop's is counted anew from here on. */
async function metric(adminUrl: string, name: string): Promise<number> {
  const text = await (await fetch(`${adminUrl}/metrics`)).text();
  const line = text.split("\n").find((candidate) => candidate.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1) ?? 0);
}

/** One more origin on the data port and the data of those that run. */
async function startOrigin(headwater: Headwater, dir: string) {
  const adminPort = await freePort();
  const adminUrl = `http://127.0.0.1:${adminPort}`;
  const part = await startPart({
    name: "origin",
    command: process.execPath,
    args: [join(ROOT, "services", "origin", "src", "main.ts")],
    env: {
      PATH: process.env.PATH,
      HEADWATER_DATA_DIR: join(dir, "data"),
      HEADWATER_ORIGIN_LISTEN: new URL(headwater.origin.url).host,
      HEADWATER_ORIGIN_ADMIN_LISTEN: `127.0.0.1:${adminPort}`,
      HEADWATER_DRAIN_DELAY_MS: "0",
      HEADWATER_LOG_LEVEL: "warn",
    },
    logFile: join(dir, "origin-2.log"),
    ready: async () => {
      if (!(await fetch(`${adminUrl}/readyz`)).ok) throw new Error("not ready");
    },
    graceMs: 15_000,
  });
  return { ...part, adminUrl };
}

if (import.meta.main) {
  const { title, rows, verdict } = await run();
  console.log(title);
  console.table(rows);
  console.log(verdict);
}
