import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cassandraForTests, memcachedForTests, redisForTests, requirePart } from "@headwater/infra";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { clusterSettings } from "../../load-tests/proof/harness/cluster.ts";
import { createEvent, endEvent } from "../../load-tests/proof/harness/control.ts";
import { startEncoder } from "../../load-tests/proof/harness/encoder.ts";
import { type Headwater, startHeadwater } from "../../load-tests/proof/harness/headwater.ts";
import { play } from "../../load-tests/proof/harness/players.ts";
import { profile } from "../../load-tests/proof/harness/profiles.ts";
import { readBack } from "../../load-tests/proof/harness/read-back.ts";

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
});
