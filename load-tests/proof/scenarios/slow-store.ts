import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  accepts,
  findBinary,
  freePort,
  requirePart,
  type Service,
  startOriginBeside,
  startPart,
} from "@headwater/infra";
import { SeededEncoder } from "../../faults/traffic/encoder.ts";
import { type ClockedEvent, createClockedEvent } from "../../faults/traffic/event.ts";
import { describeMs, percentile } from "../../faults/traffic/figures.ts";
import { put } from "../../faults/traffic/put.ts";
import { seededRandom } from "../../faults/traffic/random.ts";
import { storageReads } from "../../faults/traffic/storage-reads.ts";
import { type Answered, ask, openLoad } from "../harness/open-load.ts";
import { type SlowCql, startSlowCql } from "../harness/slow-cql.ts";
import type { Scenario } from "./scenario.ts";

const SEED = "slow-store";
const DURATION_MS = 500;
const SIZE = { minBytes: 16_000, maxBytes: 24_000 };
/** Old segments, of which the newest lie this far behind the live edge. */
const OLD = 1000;
const BEHIND = 20;
const SLOW = { delayMs: 800, perSecond: 20 };
/** Ninety per cent of all requests. */
const DVR_PER_SEC = 180;
const LIVE_PER_SEC = 20;
/** Numbers whose rows the origin reads at once. Those of the oldest whole group are asked for by nobody in the flood. */
const GROUP = 32;
/** Of the old segments, counted from the newest: what is asked for before the flood; and in it, half of it never before. */
const ASKED = OLD - 2 * GROUP;
const KNOWN = ASKED / 2;
/** What the slow store can still do. */
const MODERATE_PER_SEC = 14;
/** Less than the old segments have. */
const MEMORY_BYTES = 8 * 1024 ** 2;

/** Everybody seeks back while Cassandra answers 20 reads a second, each after 800 ms: the live edge does not notice. */
export const slowStore: Scenario = async ({ headwater, report, settings, seconds, dir }) => {
  if ((await requirePart("varnishd")) === undefined) throw new Error("needs Varnish");
  const event = await createClockedEvent(headwater, "slow", DURATION_MS);
  const encoder = new SeededEncoder({ event, seed: SEED, renditions: ["r1"], ...SIZE });
  const newestOld = Math.floor(Date.now() / DURATION_MS) - BEHIND;
  await publishOld(encoder, event, newestOld);
  // A PUT does not wait for memcached for long, and a flush leaves what is younger than its clock of whole seconds.
  await sleep(3000);
  await flush(settings.HEADWATER_MEMCACHED_ZONES!);

  const node = settings.HEADWATER_CASSANDRA_CONTACT_POINTS!;
  const cql = await startSlowCql(node);
  const env = {
    ...settings,
    HEADWATER_CASSANDRA_READ_CONTACT_POINTS: cql.address,
    HEADWATER_CASSANDRA_ADDRESS_MAP: `${node}=${cql.address}`,
    HEADWATER_MEMORY_CACHE_BYTES: `${MEMORY_BYTES}`,
  };
  const origin = await startOriginBeside({ dir: join(dir, "origin-beside"), env, readyMs: 30_000 });
  const random = seededRandom(SEED);
  const reserved = Math.ceil((newestOld - OLD + 1) / GROUP) * GROUP;
  const base = `${origin.url}/live/${event.id}/v1/r1`;
  const dvr = (per: number, forMs: number, numbers: number) =>
    openLoad(per, forMs, () => `${base}/${newestOld - Math.floor(random() * numbers)}.m4s`);
  const live = (forMs: number) =>
    openLoad(LIVE_PER_SEC, forMs, () => {
      const { number } = encoder.acknowledged.at(-1 - Math.floor(random() * 3))!;
      return `${base}/${number}.m4s`;
    });
  try {
    await sleep(4 * DURATION_MS);
    await live(2000);
    const cached = `${base}/${reserved}.m4s`;
    await ask(cached);
    // Another origin reads these, and so puts them into memcached; their rows have come with those of the one above.
    const elsewhere = (nth: number) => `/live/${event.id}/v1/r1/${reserved + GROUP / 2 + nth}.m4s`;
    for (let nth = 0; nth < GROUP / 2; nth += 1) await ask(headwater.urls.origin + elsewhere(nth));

    cql.pace = SLOW;
    // Until the limit has found its place.
    await dvr(MODERATE_PER_SEC, 5000, KNOWN);
    const moderate = await dvr(MODERATE_PER_SEC, 10_000, KNOWN);

    const floodMs = (seconds * 1000) / 2;
    const before = cql.statements;
    let nth = 0;
    const [old, edge, kept, zoned, ruledOut] = await Promise.all([
      dvr(DVR_PER_SEC, floodMs, ASKED),
      live(floodMs),
      openLoad(2, floodMs, () => cached),
      openLoad((GROUP * 500) / floodMs, floodMs, () => origin.url + elsewhere(nth++ % (GROUP / 2))),
      openLoad(LIVE_PER_SEC, floodMs, () => `${base}/1.m4s`),
    ]);
    const statements = cql.statements - before;

    cql.pace = {};
    const fastAgainMs = performance.now();
    const recovering = await dvr(MODERATE_PER_SEC, 12_000, ASKED);

    // What this machine adds to any answer shows in those that need nothing but the template.
    const others = ruledOut.map(({ tookMs }) => tookMs);
    const machineMs = percentile(others, 0.99);
    report.note(
      `404s that need nothing but the template took ${describeMs(others)} meanwhile: limits are on top of their p99`,
    );
    await report.check("the live edge is served while DVR floods", async () => {
      const share = served(edge).length / edge.length;
      const tookMs = served(edge).map((one) => one.tookMs);
      const said = `${(100 * share).toFixed(2)} % of ${edge.length}, ${describeMs(tookMs)}`;
      demand(share >= 0.999 && percentile(tookMs, 0.99) < 300 + machineMs, said);
      return said;
    });
    await report.check("DVR is shed in less than 10 ms", async () => {
      const shed = old.filter(isShed).map(({ tookMs }) => tookMs);
      const said = `${describeMs(shed)}; ${describeStatuses(old)}`;
      demand(shed.length > 0 && percentile(shed, 0.99) < 10 + machineMs, said);
      return said;
    });
    await report.check("DVR that is in memory, or in memcached, is served", async () => {
      const fromZone = zoned.filter(({ tier }) => tier === "memcached").length;
      const said = `${describeStatuses(kept)}; ${describeStatuses(zoned)}, ${fromZone} of them from memcached`;
      demand(served([...kept, ...zoned]).length === kept.length + zoned.length && fromZone > 0, said);
      return said;
    });
    await report.check("as much DVR is read from the store as before the flood", async () => {
      const rates = [fromStore(moderate).length / 10, fromStore(old).length / (floodMs / 1000)];
      const said = `${rates[0]!.toFixed(1)}/s before (of ${MODERATE_PER_SEC} asked for), ${rates[1]!.toFixed(1)}/s in the flood (of ${DVR_PER_SEC})`;
      demand(rates[1]! >= 0.9 * rates[0]!, said);
      return said;
    });
    await report.check("the store is asked no more often than the origin", async () => {
      const requests = old.length + edge.length + kept.length + zoned.length;
      const said = `${statements} statements of all kinds, ${requests} requests`;
      demand(statements <= requests, said);
      return said;
    });
    await report.check("DVR is served again within 10 s, without a restart", async () => {
      const last = recovering.filter(({ status }) => status !== 200).at(-1);
      const tookSec = last === undefined ? 0 : (last.sentMs - fastAgainMs) / 1000;
      const said = `the last refusal came ${tookSec.toFixed(1)} s after the store was fast again; ${describeStatuses(recovering)}`;
      demand(tookSec <= 10, said);
      return said;
    });
    await behindVarnish({
      report,
      cql,
      origin,
      dir,
      path: (nth) => `/live/${event.id}/v1/r1/${reserved + nth}.m4s`,
    });
  } finally {
    await encoder.stop();
    await origin.stop();
    await cql.stop();
  }
};

interface BehindVarnish extends Pick<Parameters<Scenario>[0], "report" | "dir"> {
  readonly cql: SlowCql;
  readonly origin: Service;
  /** Of a segment that nobody has asked for yet, but for number 0. */
  readonly path: (nth: number) => string;
}

/** Stock Varnish, without a line of ours: what one DVR URL costs the store. */
async function behindVarnish({ report, cql, origin, dir, path }: BehindVarnish): Promise<void> {
  const port = await freePort();
  const varnish = await startPart({
    name: "varnishd",
    command: findBinary("varnishd")!,
    args: [
      "-F",
      "-n",
      join(dir, "stock"),
      "-b",
      new URL(origin.url).host,
      "-a",
      `127.0.0.1:${port}`,
      "-T",
      "none",
      "-j",
      "none",
    ],
    logFile: join(dir, "stock.log"),
    ready: () => accepts(port),
    readyMs: 30_000,
  });
  const url = (nth: number) => `http://127.0.0.1:${port}${path(nth)}`;
  const readsDuring = async (act: () => Promise<Answered[]>) => {
    const reads = async () => (await storageReads(origin.adminUrl)).store ?? 0;
    const before = await reads();
    const answers = await act();
    return { answers, reads: (await reads()) - before };
  };
  try {
    // Its rows are those of what is asked for below: what is counted there are reads of media.
    await ask(origin.url + path(1));
    await report.check("behind stock Varnish: a hundred at once, one read", async () => {
      cql.pace = SLOW;
      const { answers, reads } = await readsDuring(() => Promise.all(Array.from({ length: 100 }, () => ask(url(2)))));
      const said = `${reads} reads of the store; ${describeStatuses(answers)}`;
      demand(reads === 1 || (reads === 0 && answers.every(isShed)), said);
      return said;
    });
    await report.check("behind stock Varnish: a dead store, one read in 5 s", async () => {
      cql.pace = { isDead: true };
      const { answers, reads } = await readsDuring(() => openLoad(20, 14_000, () => url(3)));
      const said = `${reads} reads of the store in 14 s; ${describeStatuses(answers)}`;
      demand(reads <= 3 && served(answers).length === 0, said);
      return said;
    });
  } finally {
    cql.pace = {};
    await varnish.stop();
  }
}

/** Sixteen at a time, the newest first, so that the timeline's first number falls only at the end of each. */
async function publishOld(encoder: SeededEncoder, event: ClockedEvent, newest: number): Promise<void> {
  let next = newest;
  const one = async () => {
    while (next > newest - OLD) {
      const number = next--;
      const { status } = await put(event, `r1/${number}.m4s`, encoder.bytesOf({ rendition: "r1", number }));
      if (status !== 201) throw new Error(`an old segment was answered ${status}`);
    }
  };
  await Promise.all(Array.from({ length: 16 }, one));
}

/** Nothing old is left in memcached. */
async function flush(zones: string): Promise<void> {
  for (const [, host, port] of zones.matchAll(/([\d.]+):(\d+)/g)) {
    const socket = connect(Number(port), host);
    socket.write("flush_all\r\nquit\r\n");
    socket.resume();
    await once(socket, "close");
  }
}

const isShed = ({ status, retryAfterSec }: Answered): boolean => status === 503 && retryAfterSec === 5;
const fromStore = (answers: readonly Answered[]): Answered[] =>
  answers.filter(({ status, tier }) => status === 200 && tier === "store");
const served = (answers: readonly Answered[]): Answered[] => answers.filter(({ status }) => status === 200);

function describeStatuses(answers: readonly Answered[]): string {
  const counts = Map.groupBy(answers, (one) => (isShed(one) ? "503 shed" : `${one.status}`));
  return [...counts].map(([what, all]) => `${all.length} × ${what}`).join(", ");
}

function demand(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}
