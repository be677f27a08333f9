import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { READ_OUTCOMES, WRITE_OUTCOMES } from "@headwater/cache";
import { parseZones } from "@headwater/cache-memcached";
import {
  cassandraForTests,
  initSegment,
  mediaSegment,
  memcachedForTests,
  redisForTests,
  requirePart,
  until,
} from "@headwater/infra";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { toldBy } from "../../load-tests/faults/told.ts";
import { createClockedEvent } from "../../load-tests/faults/traffic/event.ts";
import { put } from "../../load-tests/faults/traffic/put.ts";
import { storageReads } from "../../load-tests/faults/traffic/storage-reads.ts";
import { clusterSettings } from "../../load-tests/proof/harness/cluster.ts";
import { createEvent, endEvent } from "../../load-tests/proof/harness/control.ts";
import { startEncoder } from "../../load-tests/proof/harness/encoder.ts";
import { type Headwater, startHeadwater } from "../../load-tests/proof/harness/headwater.ts";
import { play } from "../../load-tests/proof/harness/players.ts";
import { profile } from "../../load-tests/proof/harness/profiles.ts";
import { readBack } from "../../load-tests/proof/harness/read-back.ts";
import { parseMetrics } from "../../load-tests/storm/metrics.ts";

const SECONDS = 7;

const ffmpeg = await requirePart("ffmpeg");
const cassandra = await cassandraForTests();
const memcached = await memcachedForTests();
const redis = await redisForTests();
const parts = ffmpeg && cassandra && memcached && redis ? { cassandra, memcached, redis } : undefined;

afterAll(() => Promise.all([cassandra?.stop(), memcached?.stop(), redis?.stop()]));

(parts ? describe : describe.skip)("ffmpeg's stream in, the same stream out (Cassandra, memcached, Redis)", () => {
  let dir: string;
  let headwater: Headwater;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "headwater-e2e-"));
    headwater = await startHeadwater(dir, clusterSettings(parts!));
  });

  afterAll(async () => {
    await headwater.stop();
    await rm(dir, { recursive: true, force: true });
  });

  test("the counters of cache zones are there before anything is counted", async () => {
    const { admin } = (await toldBy(headwater)).urls;
    for (const url of [admin.publisher[0]!, admin.origin[0]!, admin.worker[0]!]) {
      const metrics = parseMetrics(await (await fetch(`${url}/metrics`)).text());
      const outcomes = (name: string, zone: string) =>
        metrics
          .flatMap(({ name: one, labels }) => (one === name && labels.zone === zone ? labels.outcome! : []))
          .sort();
      for (const zone of Object.keys(parseZones(clusterSettings(parts!).HEADWATER_MEMCACHED_ZONES!))) {
        expect(outcomes("headwater_zone_reads_total", zone)).toEqual([...READ_OUTCOMES].sort());
        expect(outcomes("headwater_zone_writes_total", zone)).toEqual([...WRITE_OUTCOMES].sort());
      }
    }
  });

  test("every byte comes back, also from an origin that has just started, and plays", async () => {
    const event = await createEvent(headwater, "cluster");
    const setup = profile("fmp4");
    const encoder = startEncoder({ profile: setup, event, dir: join(dir, "copy"), seconds: SECONDS });
    await encoder.ended;
    const options = { profile: setup, dirs: [encoder.dir], base: `${headwater.urls.origin}/live/${event.id}` };
    const { segments } = await readBack({ ...options, live: true });
    expect(segments).toBe(4);
    await endEvent(headwater, event.id);
    await headwater.restart("origin");
    await readBack(options);
    await play(event.masterUrl, SECONDS);
  });

  test("with Redis stopped a held request is answered by its PUT, and an early number reads no media", async () => {
    await redis!.stop();
    const event = await createClockedEvent(headwater, "without-redis", 2000);
    const newest = Math.floor(Date.now() / event.durationMs) - 1;
    const publish = (number: number) =>
      put(event, `r1/${number}.m4s`, mediaSegment({ number, durationMs: event.durationMs, sizeBytes: 10_000 }));
    await put(event, "r1/init.mp4", initSegment());
    expect((await publish(newest)).status).toBe(201);
    const ask = (number: number) => fetch(`${event.readUrl}/r1/${number}.m4s`, { signal: AbortSignal.timeout(10_000) });
    await until(async () => expect((await ask(newest)).status).toBe(200), 5_000);

    const adminUrl = (await toldBy(headwater)).urls.admin.origin[0]!;
    const before = await storageReads(adminUrl);
    expect((await ask(newest + 50)).status).toBe(404);
    expect(await storageReads(adminUrl)).toEqual(before);
    const held = ask(newest + 1);
    expect((await publish(newest + 1)).status).toBe(201);
    expect((await held).status).toBe(200);
  }, 30_000);
});
