/**
 * Held requests: how soon everyone who waits for the next segment has its first byte once its PUT is through, after a
 * quarter of them has left; what others wait meanwhile; what is left behind. One process asks, publishes and reads, so
 * that all moments are of one clock.
 */

import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type Headwater,
  initSegment,
  mediaSegment,
  type Publishing,
  startHeadwater,
  startOriginBeside,
} from "@headwater/infra";
import { type HeldReader, heldReader } from "./support/held-reader.ts";
import { type Probed, startProber } from "./support/prober.ts";
import { rssBytes, socketInodes } from "./support/process-size.ts";
import { quantile, type Result } from "./support/result.ts";

const BODY_BYTES = 2 * 1024 * 1024;
const SEGMENT_MS = 4000;
const ROUNDS = 3;
/** Shorter than a hold. */
const ALL_HELD_MS = 7000;
/** Node's histogram counts the 10 ms between two looks at the event loop as well. */
const LOOP_RESOLUTION_MS = 10;
const GOAL = { firstByteMs: 250, loopDelayMs: 50, meanwhileMs: 50, rssGrowthMiB: 32 };
/** Of those who ask, who leave before the PUT. */
const LEAVING = 0.25;
/** How soon the processes must be rid of what a round has left. */
const SETTLED_MS = 5000;

interface Row {
  readonly processes: number;
  readonly waiters: number;
  readonly rounds: number;
  readonly firstByteP50Ms: number;
  readonly firstByteP99Ms: number;
  readonly firstByteMaxMs: number;
  readonly lastByteP99Ms: number;
  readonly loopDelayMaxMs: number;
  /** The longest that an ordinary hit, and a `/healthz`, took to begin from the PUT to the last byte. */
  readonly hitMaxMs: number;
  readonly healthzMaxMs: number;
  readonly storeReadsPerProcess: number;
  /** More than before, after the last round. */
  readonly socketsLeft: number;
  readonly rssGrowthMiB: number;
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

function verdict(row: Row): string {
  const told = (value: number, goal: number) => `${value} ms (goal ${goal}: ${value <= goal ? "met" : "MISSED"})`;
  const { rssGrowthMiB, socketsLeft } = row;
  return [
    `${row.waiters} waiters, ${row.processes} processes: first byte p99 ${told(row.firstByteP99Ms, GOAL.firstByteMs)}`,
    `loop delay at most ${told(row.loopDelayMaxMs, GOAL.loopDelayMs)}`,
    `a hit meanwhile ${told(row.hitMaxMs, GOAL.meanwhileMs)}, /healthz ${told(row.healthzMaxMs, GOAL.meanwhileMs)}`,
    `reads of the store per process and chunk ${row.storeReadsPerProcess}`,
    `${socketsLeft} sockets left, memory ${rssGrowthMiB} MiB more (goal ${GOAL.rssGrowthMiB}: ${rssGrowthMiB <= GOAL.rssGrowthMiB ? "met" : "MISSED"})`,
  ].join(", ");
}

async function measure(processes: number, waiters: number): Promise<Row> {
  const dir = await mkdtemp(join(tmpdir(), "headwater-bench-"));
  const stops = [() => rm(dir, { recursive: true, force: true })];
  try {
    const headwater = await startHeadwater({ dir });
    stops.push(headwater.stop);
    const origins: Origin[] = [headwater.origin];
    for (let index = 1; index < processes; index += 1) {
      const env = {
        HEADWATER_DATA_DIR: join(dir, "data"),
        HEADWATER_ORIGIN_LISTEN: new URL(headwater.origin.url).host,
        HEADWATER_LOG_LEVEL: "warn",
      };
      const origin = await startOriginBeside({ dir: join(dir, `origin-${index + 1}`), env });
      stops.push(origin.stop);
      origins.push(origin);
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
    let before: Sizes | undefined;
    // The first one warms up.
    for (let round = 0; round <= ROUNDS; round += 1) {
      number += 1;
      await sleep(Math.max(0, number * SEGMENT_MS - Date.now()));
      const measured = await holdRound({ headwater, event, origins, number, waiters });
      const sizes = await settledSizes(origins, before);
      before ??= sizes;
      if (round > 0) rounds.push({ ...measured, sizes });
    }
    return summary(processes, waiters, rounds, before!);
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

interface Origin {
  readonly pid: number;
  readonly adminUrl: string;
}

/** Of all origins together. */
interface Sizes {
  readonly sockets: number;
  readonly rssBytes: number;
}

interface Measured {
  readonly firstByteMs: readonly number[];
  readonly lastByteMs: readonly number[];
  readonly loopDelayMs: number;
  readonly hit: Probed[number];
  readonly healthzMaxMs: number;
  readonly storeReads: number;
}

interface Round extends Measured {
  readonly sizes: Sizes;
}

interface RoundOptions {
  readonly headwater: Headwater;
  readonly event: Publishing;
  readonly origins: readonly Origin[];
  readonly number: number;
  readonly waiters: number;
}

async function holdRound({ headwater, event, origins, number, waiters }: RoundOptions): Promise<Measured> {
  const { hostname, port } = new URL(headwater.origin.url);
  const adminUrls = origins.map(({ adminUrl }) => adminUrl);
  const pathOf = (of: number) => `/live/held/v1/720p/${of}.m4s`;
  const body = segment(number);
  const ask = () => heldReader(hostname, Number(port), pathOf(number), body);
  const asking = await Promise.all(Array.from({ length: waiters }, ask));
  await untilHeld(adminUrls, waiters);
  const leaving = asking.splice(0, waiters * LEAVING);
  for (const { socket } of leaving) socket.destroy();
  await untilHeld(adminUrls, asking.length);

  const readsBefore = await total(adminUrls, STORE_READS);
  const prober = startProber([headwater.origin.url + pathOf(number - 1), ...adminUrls.map((url) => `${url}/healthz`)]);
  const publishedMs = await put(`${event.publishUrl}/720p/${number}.m4s`, event.publishToken, body);
  // One process reads for everyone: were it to go on with some, the first bytes of others would wait in its sockets.
  const firstByteMs = await Promise.all(asking.map((one) => one.firstByteMs));
  for (const { socket } of asking) socket.resume();
  const lastByteMs = await Promise.all(asking.map((one) => one.lastByteMs));
  const [hit, ...healthz] = await prober.stop();
  demandOneTag(asking);
  const delays = await Promise.all(adminUrls.map((url) => metric(url, "nodejs_eventloop_lag_max_seconds")));
  return {
    firstByteMs: firstByteMs.map((ms) => ms - publishedMs),
    lastByteMs: lastByteMs.map((ms) => ms - publishedMs),
    loopDelayMs: Math.max(...delays) * 1000 - LOOP_RESOLUTION_MS,
    hit: hit!,
    healthzMaxMs: Math.max(...healthz.map(({ maxMs }) => maxMs)),
    storeReads: (await total(adminUrls, STORE_READS)) - readsBefore,
  };
}

async function untilHeld(adminUrls: readonly string[], waiters: number): Promise<void> {
  const deadlineMs = performance.now() + ALL_HELD_MS;
  while ((await total(adminUrls, "headwater_holds")) !== waiters) {
    if (performance.now() > deadlineMs) throw new Error("the machine is too busy: not all were held in their time");
    await sleep(50);
  }
}

function demandOneTag(readers: readonly HeldReader[]): void {
  const tags = new Set(readers.map((reader) => reader.etag()));
  if (tags.size !== 1) throw new Error(`those who waited together got ${[...tags].join(", ")}`);
}

/** Once the sockets are back to what they were, or have had their time. */
async function settledSizes(origins: readonly Origin[], before: Sizes | undefined): Promise<Sizes> {
  const sum = async (of: (pid: number) => Promise<number>) =>
    (await Promise.all(origins.map(({ pid }) => of(pid)))).reduce((all, one) => all + one, 0);
  const deadlineMs = performance.now() + (before === undefined ? SETTLED_MS / 5 : SETTLED_MS);
  const openSockets = async (pid: number) => (await socketInodes(pid)).length;
  let sockets = await sum(openSockets);
  while (performance.now() < deadlineMs && !(sockets <= (before?.sockets ?? -1))) {
    await sleep(100);
    sockets = await sum(openSockets);
  }
  return { sockets, rssBytes: await sum(rssBytes) };
}

function summary(processes: number, waiters: number, rounds: readonly Round[], before: Sizes): Row {
  const after = rounds.at(-1)!.sizes;
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
    hitMaxMs: Math.round(Math.max(...rounds.map(({ hit }) => hit.maxMs))),
    healthzMaxMs: Math.round(Math.max(...rounds.map(({ healthzMaxMs }) => healthzMaxMs))),
    storeReadsPerProcess: Math.max(...rounds.map((round) => round.storeReads)) / processes / CHUNKS,
    socketsLeft: after.sockets - before.sockets,
    rssGrowthMiB: Math.round((after.rssBytes - before.rssBytes) / 1024 / 1024),
  };
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

if (import.meta.main) {
  const { title, rows, verdict } = await run();
  console.log(title);
  console.table(rows);
  console.log(verdict);
}
