import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { Edge, Headwater, Publishing } from "../src/index.ts";
import { initSegment, mediaSegment, requirePart, startEdge, startHeadwater } from "../src/index.ts";
import { agent, ask, originAnswers } from "./edges-asking.ts";

const HOUR_MS = 3_600_000;
/** That of the services of `startHeadwater`. */
const OPERATOR_TOKEN = "operator-of-this-run";
/** What a number may have until its start and still be the origin's: two durations and this. */
const MARGIN_MS = 10_000;

const able = (await requirePart("varnishd")) && (await requirePart("nginx"));
afterAll(() => agent.destroy());

(able ? describe : describe.skip)("varnish", () => {
  let dir: string;
  let headwater: Headwater;
  let edge: Edge;
  /** When the encoder of the event `paused` sent its last, number 1. */
  let pausedMs: number;
  /** The newest number of the event `moving`, and when its template was told last. */
  let moved: { readonly current: number; readonly atMs: number };

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "headwater-edge-judging-"));
    headwater = await startHeadwater({ dir });
    const origin = new URL(headwater.origin.url).host;
    edge = await startEdge({ kind: "varnish", origin, dir: join(dir, "varnish"), cacheSize: "64m" });
    const paused = await headwater.createEvent({ id: "paused", dvrWindowMs: 400, holdMs: 0 });
    for (const number of [0, 1]) await publish(paused, number, 200);
    await sleep(100);
    expect((await get("/live/paused/v1/720p/1.m4s")).status).toBe(200);
    pausedMs = Date.now();
  }, 40_000);

  afterAll(async () => {
    await edge?.stop();
    await headwater?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  const get = (path: string, method = "GET") => ask(edge.port, path, { method });
  const direct = (path: string) => ask(Number(new URL(headwater.origin.url).port), path);
  const learn = (event: string) => get(`/live/${event}/720p/index.m3u8?window=${1 + (Date.now() % 600)}`);

  async function operate(path: string, body: object = {}): Promise<void> {
    const answer = await fetch(`${headwater.control.url}/v1/events/${path}`, {
      method: path.includes("/") ? "POST" : "PATCH",
      headers: { Authorization: `Bearer ${OPERATOR_TOKEN}`, "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    expect(answer.status).toBe(200);
    await sleep(600); // until the origin knows
  }

  async function publish(event: Publishing, number: number, durationMs: number): Promise<void> {
    await event.put("720p/init.mp4", initSegment());
    await event.put(`720p/${number}.m4s`, mediaSegment({ number, durationMs, sizeBytes: 8192 }));
  }

  /** Statuses, and how many of the numbers the origin was asked for. */
  async function judged(event: string, numbers: readonly number[], version = 1): Promise<[number[], number]> {
    const statuses: number[] = [];
    const asked = await originAnswers(headwater, async () => {
      for (const number of numbers) {
        statuses.push((await get(`/live/${event}/v${version}/720p/${number}.m4s`)).status);
      }
    });
    return [statuses, asked];
  }

  test.each([
    ["whole seconds", 2000, 2000],
    ["a fraction of seconds", "60060/30000", 2002],
    ["less than a second", 480, 480],
  ])("early numbers of %s cost the origin nothing, near ones are its own", async (_, segmentDuration, durationMs) => {
    const id = `epoch-${durationMs}`;
    const event = await headwater.createEvent({ id, timeline: "epoch", segmentDuration, holdMs: 0 });
    const current = () => Math.floor(Date.now() / durationMs);
    await publish(event, current() - 1, durationMs);
    expect((await learn(id)).status).toBe(200);

    const soonest = Math.ceil((Date.now() + MARGIN_MS) / durationMs) + 2;
    const early = [1, 2, 10, 100, 100_000].map((more) => soonest + more + 1);
    expect(await judged(id, early)).toEqual([[404, 404, 404, 404, 404], 0]);
    const near = [2, 3].map((more) => Math.floor((Date.now() + MARGIN_MS) / durationMs) + more - 1);
    expect(await judged(id, near)).toEqual([[404, 404], 2]);

    const path = `/live/${id}/v1/720p/${early[0]}.m4s`;
    const [ours, theirs] = [await get(`${path}?x=/7.m4s`), await direct(path)];
    expect(ours.headers["cache-status"]).toBe("varnish; detail=judged");
    for (const header of ["headwater-template", "headwater-event-version", "content-type"]) {
      expect([header, ours.headers[header]]).toEqual([header, theirs.headers[header]]);
    }
    for (const header of ["access-control-allow-origin", "access-control-expose-headers"]) {
      expect([header, ours.headers[header]]).toEqual([header, theirs.headers[header]]);
    }
    expect(ours.headers["headwater-max-age-ms"]).toBe("5000");
    expect(ours.headers["cache-control"]).toBe("public, max-age=5, s-maxage=5, stale-while-revalidate=0");
    expect(Number(theirs.headers["headwater-max-age-ms"])).toBeGreaterThan(5000);
    expect(JSON.parse(ours.body.toString())).toEqual(JSON.parse(theirs.body.toString()));
    const head = await get(path, "HEAD");
    expect([head.status, head.body.length, head.headers["cache-status"]]).toEqual([404, 0, "varnish; detail=judged"]);
  });

  test("out of the window, before the first and after the last: each only when it is certain", async () => {
    const startTime = new Date(Math.floor((Date.now() - HOUR_MS) / 2000) * 2000);
    const fields = {
      timeline: "fixed",
      startTime: startTime.toISOString(),
      startNumber: 1000,
      holdMs: 0,
      dvrWindowMs: 60_000,
      renditions: ["720p"],
    };
    const event = await headwater.createEvent({ id: "fixed", ...fields });
    const current = 1000 + Math.floor((Date.now() - startTime.getTime()) / 2000);
    await learn("fixed");
    // Nothing has been seen of the series, so the origin says whether a number is gone.
    expect(await judged("fixed", [1100, 1101, 900, 5])).toEqual([[410, 410, 404, 404], 2]);

    await publish(event, current, 2000);
    await sleep(100); // a look of the origin may be under way
    expect((await get(`/live/fixed/v1/720p/${current}.m4s`)).status).toBe(200);
    expect(await judged("fixed", [1200, 1201])).toEqual([[410, 410], 0]);
    const { headers } = await get("/live/fixed/v1/720p/1200.m4s");
    expect(headers["headwater-max-age-ms"]).toBe("5000");
    // 10 s around the window's end are the origin's.
    expect((await judged("fixed", [current - 33]))[1]).toBe(1);

    // Another window is told by the next answer.
    await operate("fixed", { dvrWindowMs: HOUR_MS });
    await learn("fixed");
    expect((await judged("fixed", [1300]))[1]).toBe(1);

    await operate("fixed/end", { lastNumber: current + 1 });
    await learn("fixed");
    expect(await judged("fixed", [current + 2, current + 3])).toEqual([[404, 404], 0]);
    expect((await judged("fixed", [current + 1]))[1]).toBe(1);
  });

  test("only for its own version", async () => {
    const event = await headwater.createEvent({ id: "moving", timeline: "epoch" });
    const current = Math.floor(Date.now() / 2000);
    await publish(event, current, 2000);
    await learn("moving");
    expect((await judged("moving", [current + 1000]))[1]).toBe(0);
    await operate("moving/version");
    // The first answer for the new version tells the template.
    expect(await judged("moving", [current + 1000, current + 1001], 2)).toEqual([[404, 404], 1]);
    expect((await judged("moving", [current + 1000]))[1]).toBe(1);
    moved = { current, atMs: Date.now() };
  });

  test("an encoder may send faster than real time: what the playlist lists is served", async () => {
    const event = await headwater.createEvent({ id: "burst" });
    const path = (number: number) => `/live/burst/v1/720p/${number}.m4s`;
    await publish(event, 0, 2000);
    await sleep(100);
    expect((await get(path(0))).status).toBe(200);
    expect((await judged("burst", [20]))[1]).toBe(0);
    for (let number = 1; number <= 20; number += 1) await publish(event, number, 2000);
    await sleep(100);
    const list = await learn("burst");
    expect(list.body.toString()).toContain("/20.m4s");
    expect((await get(path(20))).status).toBe(200);
  });

  test("nothing is learnt from an answer that another edge has kept", async () => {
    const event = await headwater.createEvent({ id: "tiers", timeline: "epoch" });
    const current = Math.floor(Date.now() / 2000);
    await publish(event, current, 2000);
    const path = `/live/tiers/v1/720p/${current}.m4s`;
    const origin = new URL(headwater.origin.url).host;
    const inner = await startEdge({ kind: "nginx", origin, dir: join(dir, "inner") });
    const outer = await startEdge({ kind: "varnish", origin: new URL(inner.url).host, dir: join(dir, "outer") });
    try {
      expect((await ask(inner.port, path)).status).toBe(200);
      const { headers } = await ask(outer.port, path);
      expect(headers["cache-status"]).toMatch(/^headwater; .*, nginx; hit, varnish; fwd=miss$/);
      const asked = (number: number) =>
        originAnswers(headwater, () => ask(outer.port, `/live/tiers/v1/720p/${number}.m4s`));
      expect([await asked(current + 1000), await asked(current + 1001)]).toEqual([1, 0]);
    } finally {
      await outer.stop();
      await inner.stop();
    }
  }, 15_000);

  test("not by a template that is 10 s old", async () => {
    await sleep(Math.max(0, moved.atMs + 10_100 - Date.now()));
    const { current } = moved;
    expect(await judged("moving", [current + 2000, current + 2001], 2)).toEqual([[404, 404], 1]);
  }, 20_000);

  test("an encoder may pause for longer than the window: its past is gone, its next number is not", async () => {
    await sleep(Math.max(0, pausedMs + 12_000 - Date.now()));
    await learn("paused");
    expect(await judged("paused", [0])).toEqual([[410], 0]);
    expect((await judged("paused", [2]))[1]).toBe(1);
  }, 20_000);
});
