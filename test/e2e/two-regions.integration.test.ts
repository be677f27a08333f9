import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  type Cassandra,
  type Headwater,
  initSegment,
  mediaSegment,
  type Publishing,
  ROOT,
  requirePart,
  type Service,
  startCassandra,
  startHeadwater,
  startOriginBeside,
  until,
} from "@headwater/infra";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { storeEvents } from "../../load-tests/faults/traffic/store-events.ts";
import { readList } from "../../load-tests/proof/harness/playlist.ts";

const DURATION_MS = 1000;
const DEADLINE_MS = 500 + 1000;
const PATIENCE_MS = 20_000;

const cassandraHere = await requirePart("cassandra");

/** West publishes and reads, east reads, each a datacenter of one node. What east misses is not given to it later. */
(cassandraHere ? describe : describe.skip)("two regions over one cluster of two datacenters", () => {
  let dir: string;
  let cassandra: Cassandra;
  let west: Headwater;
  let east: Service;
  let event: Publishing;
  let last: number;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "headwater-regions-"));
    const datacenters = ["west", "east"];
    cassandra = await startCassandra({ nodes: 2, dir: join(dir, "cassandra"), datacenters, handsOver: false });
    const [westPoint, eastPoint] = cassandra.contactPoints as [string, string];
    const env = {
      HEADWATER_STORE: "cassandra",
      HEADWATER_CASSANDRA_CONTACT_POINTS: westPoint,
      HEADWATER_CASSANDRA_DATACENTER: "west",
      HEADWATER_CASSANDRA_REPLICATION: "west=1,east=1",
      HEADWATER_REGION: "west",
    };
    const schema = [join(ROOT, "tools", "schema.ts")];
    await promisify(execFile)(process.execPath, schema, { env: { PATH: process.env.PATH, ...env }, timeout: 90_000 });
    west = await startHeadwater({ dir: join(dir, "west"), env });
    const read = {
      HEADWATER_CASSANDRA_READ_CONTACT_POINTS: eastPoint,
      HEADWATER_CASSANDRA_READ_DATACENTER: "east",
      HEADWATER_REGION: "east",
    };
    east = await startOriginBeside({ dir: join(dir, "east"), env: { ...env, ...read } });
    const times = { segmentDuration: DURATION_MS, retryDeadlineMs: DEADLINE_MS - 500 };
    event = await west.createEvent({ id: "derby", timeline: "epoch", ...times });
    await event.put("v/init.mp4", initSegment());
  }, 300_000);

  afterAll(async () => {
    await east?.stop();
    await west?.stop();
    await cassandra?.stop();
    await rm(dir, { recursive: true, force: true });
  }, 60_000);

  const bytesOf = (number: number) => mediaSegment({ number, durationMs: DURATION_MS, sizeBytes: 700_000 });
  const newest = () => Math.floor(Date.now() / DURATION_MS);
  const deadlineOf = (number: number) => (number + 1) * DURATION_MS + DEADLINE_MS;

  const reached = (ms: number) =>
    until(() => (Date.now() >= ms ? Promise.resolve() : Promise.reject(new Error("not yet"))), PATIENCE_MS);

  /** As an encoder does: not before its time. */
  async function publish(number: number): Promise<Buffer> {
    await reached(number * DURATION_MS);
    const body = bytesOf(number);
    await event.put(`v/${number}.m4s`, body);
    return body;
  }

  async function get({ url }: Service, path: string) {
    const answer = await fetch(`${url}/live/${path}`, { signal: AbortSignal.timeout(10_000) });
    const keptMs = Number(answer.headers.get("headwater-max-age-ms"));
    return { status: answer.status, keptMs, body: Buffer.from(await answer.arrayBuffer()) };
  }

  const segment = (from: Service, number: number, id = "derby") => get(from, `${id}/v1/v/${number}.m4s`);

  const isServed = (from: Service, number: number, body: Buffer, id = "derby") =>
    until(async () => {
      const got = await segment(from, number, id);
      if (got.status !== 200 || !got.body.equals(body)) throw new Error(`${number} is ${got.status}`);
    }, PATIENCE_MS);

  test("what west acknowledges east serves, also to who waits for it", async () => {
    last = newest();
    const body = await publish(last);
    await isServed(west.origin, last, body);
    await isServed(east, last, body);
    last += 1;
    const held = segment(east, last);
    const next = await publish(last);
    expect((await held).body.equals(next)).toBe(true);
  });

  test("what lightweight transactions write in west, a run and its clock, comes to east", async () => {
    const first = await west.createEvent({ id: "cup", timeline: "first-segment" });
    await first.put("v/init.mp4", initSegment());
    const body = bytesOf(0);
    await first.put("v/0.m4s", body);
    await isServed(east, 0, body, "cup");
  });

  test("what never came to east is served there from west, and never said to be gone", async () => {
    const node = cassandra.nodes[1]!;
    process.kill(node.pid, "SIGKILL");
    const [hole, missed] = [last + 1, Math.max(last + 2, newest())];
    last = missed;
    const body = await publish(missed);
    await isServed(west.origin, missed, body);
    const cut = await segment(east, missed);
    expect([404, 503]).toContain(cut.status);
    expect(cut.keptMs).toBeLessThanOrEqual(1000);

    await node.startAgain();
    last = newest();
    await isServed(east, last, await publish(last));
    await reached(deadlineOf(missed));
    await isServed(east, missed, body);
    const { segments } = readList((await get(east, "derby/v/index.m3u8")).body.toString());
    const gaps = segments.map(({ uri, gap }) => [Number(/(\d+)\.m4s$/.exec(uri)?.[1]), gap]);
    expect(gaps).toEqual(
      expect.arrayContaining([
        [hole, true],
        [missed, false],
      ]),
    );
    await until(async () => expect((await segment(east, hole)).status).toBe(410), PATIENCE_MS);
    expect((await storeEvents(east.adminUrl)).home).toBeGreaterThan(0);
  }, 90_000);

  test("without west nothing new is said to be gone, and what is in east is served", async () => {
    const hole = Math.max(last + 1, newest());
    const there = await publish(hole + 1);
    await isServed(east, hole + 1, there);
    await cassandra.nodes[0]!.stop();
    await reached(deadlineOf(hole));
    const { status, keptMs } = await segment(east, hole);
    expect(status).toBe(503);
    expect(keptMs).toBeLessThanOrEqual(1000);
    await isServed(east, hole + 1, there);
  });
});
