import { Agent, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { rssBytes } from "../../bench/support/process-size.ts";
import { toldBy } from "../../faults/told.ts";
import { SeededEncoder } from "../../faults/traffic/encoder.ts";
import { createClockedEvent } from "../../faults/traffic/event.ts";
import { describeMs } from "../../faults/traffic/figures.ts";
import { seededRandom } from "../../faults/traffic/random.ts";
import { Readers } from "../../faults/traffic/readers.ts";
import { storageReads } from "../../faults/traffic/storage-reads.ts";
import { type StormTarget, stormPath } from "../harness/storm.ts";
import type { Scenario } from "./scenario.ts";

const SEED = "storm-404";
const REQUESTS = 20_000;
/** After so many, what a process needs for answers of every kind is there. */
const WARM_UP = 3_000;
const AT_ONCE = 16;
const TIMEOUT_MS = 10_000;
const DURATION_MS = 500;
/** What the heap may swing by between two collections; 20 000 names kept would be several MiB on top each time. */
const MAX_GROWTH_BYTES = 32 * 1024 ** 2;
/** There was nothing, or there is nothing any more. */
const ALLOWED = new Set([404, 410]);

/** Thousands of names and numbers that nobody published, while an event is live: they cost no read, no memory, no label. */
export const storm404: Scenario = async ({ headwater, report }) => {
  const { urls } = await toldBy(headwater);
  const adminUrl = urls.admin.origin[0]!;
  const pid = await headwater.pid("origin");
  const event = await createClockedEvent(headwater, "storm", DURATION_MS);
  const first = Math.floor(Date.now() / DURATION_MS);
  const encoder = new SeededEncoder({ event, seed: SEED, renditions: ["r1"], minBytes: 20_000, maxBytes: 60_000 });
  // One at a time, so that each of its answers is one read.
  const readers = new Readers({ encoder, seed: SEED, visibleWithinMs: 500, count: 1 });
  await sleep(3 * DURATION_MS);

  const ahead = () => Math.floor(Date.now() / DURATION_MS) + 4;
  const target = { event: event.id, rendition: "r1", first: first - 1, ahead };
  const random = seededRandom(SEED);
  await storm(headwater.urls.origin, target, random, WARM_UP);
  const before = { rssBytes: await rssBytes(pid), series: await series(adminUrl) };
  const { statuses, tookMs, lastedMs } = await storm(headwater.urls.origin, target, random, REQUESTS);
  const after = { rssBytes: await rssBytes(pid), series: await series(adminUrl) };
  await encoder.stop();
  await readers.stop();

  await report.check("nothing is ever found under them", async () => {
    const wrong = [...statuses.keys()].filter((status) => !ALLOWED.has(status));
    demand(wrong.length === 0, `some were answered ${wrong.join(", ")}`);
    const counts = [...statuses].map(([status, count]) => `${count} × ${status}`).join(", ");
    return `${counts} in ${(lastedMs / 1000).toFixed(1)} s, ${describeMs(tookMs)}`;
  });
  await report.check("no read of media is theirs", async () => {
    const reads = await storageReads(adminUrl);
    const tiers = ["store", "memcached", "memory"].map((tier) => {
      const live = readers.tiers.get(tier) ?? 0;
      return { tier, live, theirs: (reads[tier] ?? 0) - live };
    });
    const said = tiers.map(({ tier, live, theirs }) => `${tier} ${theirs} (live ${live})`).join(", ");
    demand(
      tiers.every(({ theirs }) => theirs === 0),
      said,
    );
    return said;
  });
  await report.check("memory stays", async () => {
    const grownBytes = after.rssBytes - before.rssBytes;
    const said = `${mebibytes(before.rssBytes)} before, ${mebibytes(after.rssBytes)} after`;
    demand(grownBytes <= MAX_GROWTH_BYTES, `${said}, allowed are ${mebibytes(MAX_GROWTH_BYTES)} more`);
    return `${said}; allowed are ${mebibytes(MAX_GROWTH_BYTES)} more`;
  });
  await report.check("metrics get no label of theirs", async () => {
    const added = [...after.series].filter((one) => !before.series.has(one));
    demand(added.length === 0, `${added.length} more: ${added.slice(0, 3).join(" ")}`);
    return `${after.series.size} series`;
  });
  await report.check("live reads go on meanwhile", async () => {
    const { served, torn, missed, failed } = readers;
    const wrong = [...torn, ...missed, ...failed.map(({ what }) => what)];
    demand(wrong.length === 0 && served > 0, `${served} served; ${wrong.slice(0, 3).join("; ")}`);
    demand(encoder.failed.length === 0, `${encoder.failed.length} PUTs failed`);
    return `${served} served, ${describeMs(readers.tookMs)}; ${encoder.sent.length} PUTs`;
  });
};

/** Sends so many requests, 16 at a time. */
async function storm(originUrl: string, target: StormTarget, random: () => number, requests: number) {
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const statuses = new Map<number, number>();
  const tookMs: number[] = [];
  const begunMs = performance.now();
  let left = requests;
  const one = async () => {
    while (left-- > 0) {
      const askedMs = performance.now();
      const status = await statusOf(originUrl, stormPath(target, random), agent);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      tookMs.push(performance.now() - askedMs);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
  agent.destroy();
  return { statuses, tookMs, lastedMs: performance.now() - begunMs };
}

/** The path goes out as it is: a URL's dots would be resolved here. */
function statusOf(originUrl: string, path: string, agent: Agent): Promise<number> {
  const { hostname, port } = new URL(originUrl);
  return new Promise((resolve, reject) => {
    const req = request({ hostname, port, path, agent, signal: AbortSignal.timeout(TIMEOUT_MS) }, (res) => {
      res
        .on("error", reject)
        .on("end", () => resolve(res.statusCode ?? 0))
        .resume();
    });
    req.on("error", reject).end();
  });
}

/** Every metric with its labels. */
async function series(adminUrl: string): Promise<ReadonlySet<string>> {
  const answer = await fetch(`${adminUrl}/metrics`, { signal: AbortSignal.timeout(2_000) });
  const lines = (await answer.text()).split("\n").filter((line) => /^headwater_/.test(line));
  return new Set(lines.map((line) => line.slice(0, line.lastIndexOf(" "))));
}

const mebibytes = (bytes: number): string => `${(bytes / 1024 ** 2).toFixed(0)} MiB`;

function demand(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}
