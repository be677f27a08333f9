import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { initSegment, mediaSegment } from "@headwater/infra";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { createClockedEvent } from "../../load-tests/faults/traffic/event.ts";
import { put } from "../../load-tests/faults/traffic/put.ts";
import { patchEvent } from "../../load-tests/proof/harness/control.ts";
import { type Headwater, startHeadwater } from "../../load-tests/proof/harness/headwater.ts";

const DURATION_MS = 2000;
const LONG_MS = 3_600_000;
const SHORT_MS = 60_000;
/** A change holds within 1 s; the rest is for a busy machine. */
const WITHIN_MS = 4_000;

let dir: string;
let headwater: Headwater;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "headwater-dvr-"));
  headwater = await startHeadwater(dir);
});
afterAll(async () => {
  await headwater.stop();
  await rm(dir, { recursive: true, force: true });
});

test("a DVR window set late holds on every process: 410 and a shorter list, then 200 and all of it again", async () => {
  const event = await createClockedEvent(headwater, "late-window", DURATION_MS);
  const newest = Math.floor(Date.now() / DURATION_MS) - 1;
  const oldest = newest - 70;
  await put(event, "r1/init.mp4", initSegment());
  for (let number = oldest; number <= newest; number += 1) {
    const bytes = mediaSegment({ number, durationMs: DURATION_MS, sizeBytes: 2_000 });
    expect((await put(event, `r1/${number}.m4s`, bytes)).status).toBe(201);
  }
  const statusOf = async (number: number) => (await fetch(`${event.readUrl}/r1/${number}.m4s`)).status;
  const listed = async () => {
    const text = await (await fetch(`${headwater.urls.origin}/live/${event.id}/r1/index.m3u8?window=600`)).text();
    return [...text.matchAll(/\/(\d+)\.m4s$/gm)].map(([, number]) => Number(number));
  };
  /** The two are looked at until they are right, or time is up. */
  const follows = async (status: number, first: number | undefined) => {
    const untilMs = performance.now() + WITHIN_MS;
    let seen: unknown;
    do {
      await sleep(50);
      const numbers = await listed();
      const begins = numbers[0] === oldest ? oldest : undefined;
      seen = { status: await statusOf(oldest), first: begins, last: numbers.at(-1) };
    } while (JSON.stringify(seen) !== JSON.stringify({ status, first, last: newest }) && performance.now() < untilMs);
    expect(seen).toEqual({ status, first, last: newest });
  };

  await follows(200, oldest);
  await patchEvent(headwater, event.id, { dvrWindowMs: SHORT_MS });
  await follows(410, undefined);
  expect((await listed()).length).toBeLessThanOrEqual(SHORT_MS / DURATION_MS);
  expect(await statusOf(newest)).toBe(200);
  await patchEvent(headwater, event.id, { dvrWindowMs: LONG_MS });
  await follows(200, oldest);
  expect(await listed()).toHaveLength(newest - oldest + 1);
});
