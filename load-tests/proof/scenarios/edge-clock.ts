import { once } from "node:events";
import { Agent, request } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { initSegment, mediaSegment, requirePart, startEdge } from "@headwater/infra";
import { type CountedOrigin, startCountedOrigin } from "../harness/counted-origin.ts";
import type { Headwater } from "../harness/headwater.ts";
import type { Scenario } from "./scenario.ts";

const DURATION_MS = 2000;
const DELAY_MS = 500;
const SIZE_BYTES = 64 * 1024;
const POLL_MS = 100;
const BEFORE_MS = 9000;
const AFTER_MS = 3000;
const TIMEOUT_MS = 10_000;
/** Until the events are there and the first segments published. */
const SETUP_MS = 2500;

/** When the encoder publishes, against what the template expects. */
const EVENTS = [
  { id: "clock-on-time", says: "on time", offsetMs: 0 },
  { id: "clock-early", says: "700 ms early", offsetMs: -700 },
  { id: "clock-late", says: "900 ms late", offsetMs: 900 },
] as const;
/** `lateMs`: until when after the publish a 404 may be served; nginx counts lifetimes in whole seconds. */
const EDGES = [
  { kind: "varnish", lateMs: 1100 },
  { kind: "nginx", lateMs: 2100 },
] as const;
const MAX_AGE_WITHIN_MS = 50;
const MAX_ASKED_PER_SEC = 2;

interface Poll {
  readonly sentMs: number;
  /** When the answer's head came. */
  readonly atMs: number;
  readonly status: number;
  readonly maxAgeMs: number;
}

/** One segment asked for all the time from long before its publish: no edge still says 404 once it is there. */
export const edgeClock: Scenario = async ({ headwater, report, dir }) => {
  if (!((await requirePart("varnishd")) && (await requirePart("nginx")))) throw new Error("needs Varnish and nginx");
  const agent = new Agent({ keepAlive: true });
  const stops: (() => Promise<void>)[] = [];
  try {
    const edges: ((typeof EDGES)[number] & { url: string; origin: CountedOrigin })[] = [];
    for (const setup of EDGES) {
      const { kind } = setup;
      const origin = await startCountedOrigin(headwater.urls.origin);
      stops.push(origin.stop);
      const edge = await startEdge({ kind, origin: origin.address, dir: join(dir, kind), cacheSize: "64m" });
      stops.push(edge.stop);
      edges.push({ ...setup, url: edge.url, origin });
    }
    // The earliest publish is far enough away for all the polls before it.
    const soonestMs = Date.now() + SETUP_MS + BEFORE_MS + 700;
    const number = Math.ceil((soonestMs - DELAY_MS) / DURATION_MS) - 1;

    await Promise.all(
      EVENTS.map(async ({ id, says, offsetMs }) => {
        const path = `/live/${id}/v1/720p/${number}.m4s`;
        const dueMs = expectedMs(number) + offsetMs;
        const published = encode(headwater, id, number, offsetMs);
        const follow = (url: string) => pollAll(agent, url + path, dueMs);
        const [direct, ...cached] = await Promise.all([
          follow(headwater.urls.origin),
          ...edges.map(({ url }) => follow(url)),
        ]);
        const publishedMs = await published;

        await report.check(`${says}: Headwater-Max-Age-Ms`, async () => maxAgeIsRight(direct!, number));
        await report.check(`${says}: the origin's last 404`, async () => endsIn200(direct!, publishedMs, 100));
        for (const [i, { kind, lateMs, origin }] of edges.entries()) {
          const polls = cached[i]!;
          await report.check(`${says}: last 404 of ${kind}`, async () => endsIn200(polls, publishedMs, lateMs));
          await report.check(`${says}: requests of ${kind}`, async () => asksRarely(origin.asked(path), polls));
        }
      }),
    );
  } finally {
    for (const stop of stops.reverse()) await stop();
    agent.destroy();
  }
};

const expectedMs = (number: number): number => (number + 1) * DURATION_MS + DELAY_MS;

/** Publishes up to `last`, each `offsetMs` after it is expected. Resolves to when the last was acknowledged. */
async function encode(headwater: Headwater, id: string, last: number, offsetMs: number): Promise<number> {
  const put = await createEvent(headwater, id);
  await put("init.mp4", initSegment());
  const newest = Math.floor((Date.now() - DELAY_MS - offsetMs) / DURATION_MS) - 1;
  for (let number = newest; number <= last; number += 1) {
    await sleep(Math.max(0, expectedMs(number) + offsetMs - Date.now()));
    await put(`${number}.m4s`, mediaSegment({ number, durationMs: DURATION_MS, sizeBytes: SIZE_BYTES }));
  }
  return Date.now();
}

async function createEvent({ urls, operatorToken }: Headwater, id: string) {
  const body = { id, timeline: "epoch", segmentDuration: DURATION_MS, publishDelayMs: DELAY_MS, renditions: ["720p"] };
  const { pipelines } = (await send("POST", `${urls.control}/v1/events`, operatorToken, JSON.stringify(body))) as {
    pipelines: [{ publishUrl: string; publishToken: string }];
  };
  const [{ publishUrl, publishToken }] = pipelines;
  return (name: string, media: Uint8Array) => send("PUT", `${publishUrl}720p/${name}`, publishToken, media);
}

async function send(method: string, url: string, token: string, body: string | Uint8Array): Promise<unknown> {
  const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
  const answer = await fetch(url, { method, headers, body: body as BodyInit, signal: AbortSignal.timeout(TIMEOUT_MS) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${url} was answered ${answer.status}: ${text.slice(0, 300)}`);
  return text === "" ? undefined : JSON.parse(text);
}

/** Asks every 100 ms, whether the last has been answered or not. */
async function pollAll(agent: Agent, url: string, dueMs: number): Promise<Poll[]> {
  const polls: Promise<Poll>[] = [];
  await sleep(Math.max(0, dueMs - BEFORE_MS - Date.now()));
  for (; Date.now() < dueMs + AFTER_MS; await sleep(POLL_MS)) polls.push(poll(agent, url));
  return (await Promise.all(polls)).sort((a, b) => a.atMs - b.atMs);
}

async function poll(agent: Agent, url: string): Promise<Poll> {
  const sentMs = Date.now();
  const req = request(url, { agent, signal: AbortSignal.timeout(TIMEOUT_MS) }).end();
  const [res] = await once(req, "response");
  const atMs = Date.now();
  res.resume();
  await once(res, "end");
  return { sentMs, atMs, status: res.statusCode, maxAgeMs: Number(res.headers["headwater-max-age-ms"]) };
}

/** Every 404 lives until the predecessor is expected, and for 1 s at least. */
function maxAgeIsRight(polls: readonly Poll[], number: number): string {
  const refused = polls.filter(({ status }) => status === 404);
  const rightMs = (nowMs: number) => Math.max(1000, expectedMs(number - 1) - nowMs);
  const wrong = refused.map(({ sentMs, atMs, maxAgeMs }) =>
    Math.max(rightMs(atMs) - maxAgeMs, maxAgeMs - rightMs(sentMs)),
  );
  const worstMs = Math.max(0, ...wrong);
  const line = `${refused.length} 404s, wrong by ${worstMs} ms at most`;
  if (refused.length === 0 || !(worstMs <= MAX_AGE_WITHIN_MS)) throw new Error(line);
  return line;
}

function endsIn200(polls: readonly Poll[], publishedMs: number, lateMs: number): string {
  const strange = polls.find(({ status }) => status !== 200 && status !== 404);
  if (strange !== undefined) throw new Error(`a poll was answered ${strange.status}`);
  const refused = polls.filter(({ status }) => status === 404).at(-1);
  const served = polls.find(({ status }) => status === 200);
  if (refused === undefined || served === undefined) throw new Error("there were not both 404s and 200s");
  const ago = (poll: Poll) => `${poll.atMs - publishedMs} ms`;
  const line = `last 404 at ${ago(refused)}, first 200 at ${ago(served)}`;
  if (refused.atMs - publishedMs > lateMs || polls.at(-1)!.status !== 200) throw new Error(line);
  return line;
}

/** Fewer than two requests a second from the first poll to the last. */
function asksRarely(asked: readonly number[], polls: readonly Poll[]): string {
  const lastedMs = BEFORE_MS + AFTER_MS;
  const perSec = (asked.length / lastedMs) * 1000;
  const line = `${asked.length} for ${polls.length} polls, ${perSec.toFixed(2)}/s`;
  if (asked.length === 0 || perSec >= MAX_ASKED_PER_SEC) throw new Error(line);
  return line;
}
