import { createHash } from "node:crypto";
import { Agent } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { initSegment } from "@headwater/infra";
import { sumBy } from "../../storm/metrics.ts";
import { demandNone } from "../live.ts";
import type { Fault } from "../scene.ts";
import { toldBy } from "../told.ts";
import { cassandraReads } from "../traffic/cassandra-reads.ts";
import { createClockedEvent } from "../traffic/event.ts";
import { describeMs } from "../traffic/figures.ts";
import { getDigest } from "../traffic/get-digest.ts";
import { flushAll } from "../traffic/memcached.ts";
import { readMetrics } from "../traffic/metrics.ts";
import { segmentBytes } from "../traffic/payload.ts";
import { isAcknowledged, put } from "../traffic/put.ts";

const READERS = 500;
const ORIGINS = 2;
const DURATION_MS = 2_000;
const CHUNK_BYTES = 512 * 1024;
const SIZE = { minBytes: 600_000, maxBytes: 1_000_000 };
const CHUNKS = Math.ceil(SIZE.maxBytes / CHUNK_BYTES);

/** All caches have lost the newest segment, and everybody wants it at once. Cassandra itself counts how often it was asked. */
export const coldCaches: Fault = {
  does: `Memcached is emptied when a segment has come that no origin has in memory, and ${READERS} ask ${ORIGINS} origins for it at once`,
  // Where one node is the only one that is asked, its own count is all that there is.
  stores: ["cluster"],
  deadlineMs: 180_000,
  run: async ({ report, seed, brief, world, start }) => {
    const headwater = await start({ HEADWATER_ORIGIN_PROCESSES: `${ORIGINS}` });
    const { origin: adminUrls } = (await toldBy(headwater)).urls.admin;
    const event = await createClockedEvent(headwater, "faults", DURATION_MS);
    const memcached = world.settings.HEADWATER_MEMCACHED_ZONES!.match(/[\d.]+:\d+/g)!;
    const cassandra = await cassandraReads(world);
    const readers = brief ? 200 : READERS;
    const agent = new Agent({ keepAlive: true, maxSockets: readers });
    const wrong: string[] = [];
    const tookMs: number[] = [];
    const asked = { chunks: 0, ofCassandra: 0, most: 0 };
    await put(event, "r1/init.mp4", initSegment());
    for (let trial = 0; trial < (brief ? 2 : 10); trial++) {
      const number = Math.floor(Date.now() / DURATION_MS);
      await sleep((number + 1) * DURATION_MS - Date.now());
      const name = { event: event.id, rendition: "r1", number };
      const bytes = segmentBytes(name, { seed, durationMs: DURATION_MS, ...SIZE });
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      const sent = await put(event, `r1/${number}.m4s`, bytes);
      if (!isAcknowledged(sent)) throw new Error(`the PUT of ${number} was answered ${sent.status}`);
      await Promise.all(memcached.map(flushAll));
      const before = { cassandra: await cassandra.of("chunks_6h"), origins: await chunksRead(adminUrls) };
      const url = `${event.readUrl}/r1/${number}.m4s`;
      const all = await Promise.allSettled(Array.from({ length: readers }, () => getDigest(url, agent)));
      for (const one of all) {
        if (one.status === "rejected") wrong.push(`${number}: ${one.reason}`);
        else if (one.value.status !== 200 || one.value.sha256 !== sha256) wrong.push(`${number}: ${one.value.status}`);
        else tookMs.push(one.value.tookMs);
      }
      const origins = await chunksRead(adminUrls);
      asked.chunks += Math.ceil(bytes.length / CHUNK_BYTES);
      asked.ofCassandra += (await cassandra.of("chunks_6h")) - before.cassandra;
      asked.most = Math.max(asked.most, ...origins.map((reads, n) => reads - before.origins[n]!));
    }
    agent.destroy();
    await cassandra.close();
    await report.check("every reader has the bytes that were sent", async () => {
      demandNone(wrong);
      return describeMs(tookMs);
    });
    await report.check("a chunk is read from Cassandra at most once by each origin", async () => {
      const told = `${asked.chunks} chunks: Cassandra counts ${asked.ofCassandra} reads of its table; an origin at most ${asked.most} of a segment`;
      if (asked.ofCassandra === 0 || asked.ofCassandra > ORIGINS * asked.chunks || asked.most > CHUNKS)
        throw new Error(told);
      return told;
    });
  },
};

/** How many chunks each origin has read from the store since it started. */
function chunksRead(adminUrls: readonly string[]): Promise<number[]> {
  return Promise.all(
    adminUrls.map(async (url) => {
      const segments = (await readMetrics(url)).filter(({ labels }) => labels.cause === "segment");
      return sumBy(segments, "headwater_storage_reads_total", "tier").store ?? 0;
    }),
  );
}
