import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { EdgeKind } from "../src/index.ts";
import { edgeConfig, initSegment, mediaSegment, requirePart, startEdge, startHeadwater } from "../src/index.ts";
import { type AskOptions, agent, ask, originAnswers, atEach as workAtEach } from "./edges-asking.ts";

const CDN_TOKEN = "token-of-this-edge-0123456789";
const DURATION_MS = 2000;
const SIZE_BYTES = 512 * 1024;
const VIEWERS = 20;
/** How long an answer may live past its time: nginx counts in whole seconds. */
const KINDS = [
  ["varnish", 200],
  ["nginx", 2000],
] as const;

const able = (await requirePart("varnishd")) && (await requirePart("nginx"));
afterAll(() => agent.destroy());

test("no value can end a string of the configuration", async () => {
  const options = { kind: "varnish", origin: "127.0.0.1:1", dir: "unused", port: 2 } as const;
  await expect(edgeConfig({ ...options, cdnToken: 'a"; import std;' })).rejects.toThrow("cdnToken");
  await expect(edgeConfig({ ...options, origin: "127.0.0.1" })).rejects.toThrow("host:port");
  expect(await edgeConfig(options)).not.toMatch(/^[^#\n]*(?:«|Authorization: )/m);
  expect(await edgeConfig(options)).toMatch(/judge/);
  expect(await edgeConfig({ ...options, judges: false })).not.toMatch(/judge/);
});

/** An edge before an origin of its own, with an event that is to begin. */
async function startSite(kind: EdgeKind, lateMs: number) {
  const dir = await mkdtemp(join(tmpdir(), "headwater-edge-"));
  const headwater = await startHeadwater({ dir, env: { HEADWATER_CDN_TOKENS: `edge:${CDN_TOKEN}` } });
  const origin = new URL(headwater.origin.url).host;
  const edge = await startEdge({ kind, origin, dir: join(dir, kind), cacheSize: "64m", cdnToken: CDN_TOKEN });
  const event = await headwater.createEvent({ id: "derby", timeline: "epoch", holdMs: 6000 });
  await headwater.createEvent({ id: "early", timeline: "epoch", renditions: ["720p"], holdMs: 0 });
  const publish = (number: number) =>
    event.put(`720p/${number}.m4s`, mediaSegment({ number, durationMs: DURATION_MS, sizeBytes: SIZE_BYTES }));
  await event.put("720p/init.mp4", initSegment());
  return {
    ...{ kind, lateMs, dir, headwater, publish },
    get: (path: string, options?: AskOptions) => ask(edge.port, path, options),
    originAnswers: (work: () => Promise<unknown>) => originAnswers(headwater, work),
    async stop() {
      await edge.stop();
      await headwater.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

(able ? describe : describe.skip)("behind Varnish, and behind nginx", () => {
  const sites: Awaited<ReturnType<typeof startSite>>[] = [];
  let first: number;
  const atEach = (work: (site: (typeof sites)[number]) => Promise<void>) => workAtEach(sites, work);

  beforeAll(async () => {
    for (const [kind, lateMs] of KINDS) sites.push(await startSite(kind, lateMs));
    first = Math.floor(Date.now() / DURATION_MS);
    await atEach(({ publish }) => publish(first));
  }, 60_000);
  afterAll(() => Promise.all(sites.map((site) => site.stop())));

  const segment = (number: number) => `/live/derby/v1/720p/${number}.m4s`;
  const viewers = <T>(one: (i: number) => Promise<T>) => Promise.all(Array.from({ length: VIEWERS }, (_, i) => one(i)));

  test("a segment is one request, whatever viewers add to theirs, and parts of it are served", () =>
    atEach(async ({ kind, headwater, get, originAnswers }) => {
      const whole = await ask(Number(new URL(headwater.origin.url).port), segment(first), {
        headers: { Authorization: `Bearer ${CDN_TOKEN}` },
      });
      const answers = await originAnswers(() =>
        viewers(async (i) => {
          const headers = { Host: `h${i}`, Cookie: `c=${i}`, Authorization: `Bearer viewer-${i}` };
          const { status, body } = await get(`${segment(first)}?session=${i}`, { headers });
          expect([status, body.equals(whole.body)]).toEqual([200, true]);
        }),
      );
      expect(answers).toBe(1);
      const ranges = await originAnswers(async () => {
        const { status, headers, body } = await get(segment(first), { headers: { Range: "bytes=1000-1999" } });
        expect([status, headers["content-range"]]).toEqual([206, `bytes 1000-1999/${SIZE_BYTES}`]);
        expect(body.equals(whole.body.subarray(1000, 2000))).toBe(true);
      });
      expect(ranges).toBe(0);
      expect((await get(segment(first))).headers["cache-status"]).toMatch(new RegExp(`${kind}; hit`));
    }));

  test("a segment still to come is asked for once for all, and served within its 404's second", () =>
    atEach(async ({ lateMs, publish, get, originAnswers }) => {
      const answers = await originAnswers(async () => {
        const asked = viewers(() => get(segment(first + 1)));
        await sleep(200);
        await publish(first + 1);
        expect(new Set((await asked).map(({ status }) => status)).size).toBe(1);
      });
      expect(answers).toBe(1);
      const publishedMs = Date.now();
      let answer = await get(segment(first + 1));
      for (; answer.status !== 200 && Date.now() - publishedMs < 5000; answer = await get(segment(first + 1)))
        await sleep(20);
      expect([answer.status, answer.body.length]).toEqual([200, SIZE_BYTES]);
      expect(answer.atMs - publishedMs).toBeLessThan(1000 + lateMs);
    }));

  test("a playlist is fresh on time, and only what it knows of a query parts it", () =>
    atEach(async ({ lateMs, publish, get, originAnswers }) => {
      const path = "/live/derby/720p/index.m3u8";
      const { headers, atMs } = await get(`${path}?cmcd=1`);
      const freshMs = Number(headers["headwater-max-age-ms"]);
      await publish(first + 2);
      let listed = await get(path);
      while (!listed.body.includes(`/${first + 2}.m4s`) && listed.atMs - atMs < 6000) {
        await sleep(20);
        listed = await get(`${path}?${listed.atMs}`);
      }
      expect(listed.atMs - atMs).toBeLessThan(freshMs + lateMs);

      const same = await originAnswers(async () => {
        await get(`${path}?from=${first}&to=${first + 1}&x=1`);
        await get(`${path}?x=2&to=${first + 1}&from=${first}`);
      });
      expect(same).toBe(1);
    }));

  test("a blocking reload that the origin gives up is not asked for once more", () =>
    atEach(async ({ headwater, get, originAnswers }) => {
      const durationMs = 500;
      const quiet = await headwater.createEvent({ id: "quiet", timeline: "epoch", segmentDuration: durationMs });
      const number = Math.floor(Date.now() / durationMs);
      await quiet.put("720p/init.mp4", initSegment());
      await quiet.put(`720p/${number}.m4s`, mediaSegment({ number, durationMs, sizeBytes: SIZE_BYTES }));
      const answers = await originAnswers(async () => {
        const { status } = await get(`/live/quiet/720p/index.m3u8?_HLS_msn=${number + 2}`);
        expect(status).toBe(503);
      });
      expect(answers).toBe(1);
    }));

  test("a 404 lives as long as the origin says", () =>
    atEach(async ({ kind, lateMs, get }) => {
      // Nothing is held, so it holds until the number's own expected publish: in 1.3 to 3.3 s.
      const path = `/live/early/v1/720p/${Math.floor((Date.now() + 800) / DURATION_MS)}.m4s`;
      let answer = await get(path);
      expect(answer.headers["headwater-template"]).toBeDefined();
      const lifetimeMs = Number(answer.headers["headwater-max-age-ms"]);
      const { atMs } = answer;
      do {
        await sleep(15);
        answer = await get(path);
        expect(answer.status).toBe(404);
      } while (`${answer.headers["cache-status"]}`.includes("hit") && answer.atMs - atMs < 8000);
      const livedMs = answer.atMs - atMs;
      expect(livedMs).toBeLessThan(lifetimeMs + lateMs);
      expect(livedMs).toBeGreaterThan(
        kind === "varnish" ? lifetimeMs - 100 : Math.floor(lifetimeMs / 1000) * 1000 - 100,
      );
    }));

  test("what must not be kept is not, methods and preflights are answered, and purges go by key", () =>
    atEach(async ({ kind, get, originAnswers }) => {
      const answers = await originAnswers(async () => {
        for (const _ of [1, 2]) {
          const { status, headers } = await get("/live/derby/720p/index.m3u8?window=x");
          expect([status, headers["cache-control"]]).toEqual([400, "max-age=0, no-store"]);
        }
      });
      expect(answers).toBe(2);
      const preflight = await get(segment(first), { method: "OPTIONS" });
      expect([preflight.status, preflight.headers["access-control-allow-origin"]]).toEqual([204, "*"]);
      expect((await get(segment(first), { method: "POST" })).status).toBe(405);

      const purge = await get("/", { method: "PURGE", headers: { xkey: `other derby/720p/n${first}` } });
      expect(purge.status).toBe(kind === "varnish" ? 200 : 405);
      const { headers } = await get(segment(first));
      expect(headers["cache-status"]).toMatch(kind === "varnish" ? /varnish; fwd=miss/ : /nginx; hit/);
    }));

  test("a 503 is kept as long as it says, even in a rush", () =>
    atEach(async ({ lateMs, dir, publish, get, originAnswers }) => {
      await publish(first + 3);
      await rm(join(dir, "data", "chunks"), { recursive: true });
      let answer = await get(segment(first + 3));
      const answers = await originAnswers(async () => {
        for (const { status } of await viewers(() => get(segment(first + 3)))) expect(status).toBe(503);
      });
      expect([answer.status, answer.headers["headwater-max-age-ms"], answers]).toEqual([503, "1000", 0]);
      const { atMs } = answer;
      do {
        await sleep(20);
        answer = await get(segment(first + 3));
      } while (`${answer.headers["cache-status"]}`.includes("hit") && answer.atMs - atMs < 6000);
      expect(answer.atMs - atMs).toBeLessThan(1000 + lateMs);
    }));

  test("without its origin it serves what it has, and of playlists what it had", () =>
    atEach(async ({ lateMs, headwater, get }) => {
      const path = "/live/derby/720p/index.m3u8";
      const { headers } = await get(path);
      await headwater.origin.stop();
      await sleep(Number(headers["headwater-max-age-ms"]) + lateMs);
      const stale = await viewers(() => get(path));
      expect(new Set(stale.map(({ status }) => status))).toEqual(new Set([200]));
      expect((await get(segment(first + 1))).status).toBe(200);
      const { status, atMs } = await get(segment(first + 4));
      expect([502, 503]).toContain(status);
      expect((await get("/live/other/720p/index.m3u8")).atMs - atMs).toBeLessThan(2500);
    }));
});
