import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { Edge, EdgeKind, Headwater } from "../src/index.ts";
import { initSegment, mediaSegment, requirePart, startEdge, startHeadwater } from "../src/index.ts";
import { type Answer, agent, ask, originAnswers, atEach as workAtEach } from "./edges-asking.ts";

const DURATION_MS = 2000;
const DELAY_MS = 500;
const HOLD_MS = 4000;
const CLIENTS = 20;
const SIZE_BYTES = 64 * 1024;

/**
 * `togetherMs`: between the first and the last who waited for one answer; nginx lets them look every 500 ms.
 * `lateMs`: how long a 404 of before the publish is still served, nothing else being in the way; nginx counts whole seconds.
 */
const KINDS: readonly { kind: EdgeKind; togetherMs: number; lateMs: number }[] = [
  { kind: "varnish", togetherMs: 300, lateMs: 1100 },
  { kind: "nginx", togetherMs: 900, lateMs: 2100 },
];

const able = (await requirePart("varnishd")) && (await requirePart("nginx"));
afterAll(() => agent.destroy());

(able ? describe : describe.skip)("an origin that holds", () => {
  let dir: string;
  /** Each edge has an origin of its own, whose answers are counted. */
  const sites: ((typeof KINDS)[number] & {
    readonly headwater: Headwater;
    readonly edge: Edge;
    readonly port: number;
  })[] = [];
  const atEach = (work: (site: (typeof sites)[number]) => Promise<void>) => workAtEach(sites, work);

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "headwater-edge-holds-"));
    for (const one of KINDS) {
      const headwater = await startHeadwater({ dir: join(dir, `origin-of-${one.kind}`) });
      const origin = new URL(headwater.origin.url).host;
      const edge = await startEdge({ kind: one.kind, origin, dir: join(dir, one.kind) });
      sites.push({ ...one, headwater, edge, port: edge.port });
    }
  }, 60_000);

  afterAll(async () => {
    for (const { edge, headwater } of sites) {
      await edge.stop();
      await headwater.stop();
    }
    await rm(dir, { recursive: true, force: true });
  });

  const expectedMs = (number: number) => (number + 1) * DURATION_MS + DELAY_MS;
  /** The number that is expected next, at least 0.7 s from now. */
  const coming = () => Math.ceil((Date.now() + 700 - DELAY_MS) / DURATION_MS) - 1;

  /** An event whose number before `number` is there. `publish`: of a number, at a time. */
  async function eventBefore(headwater: Headwater, id: string, number: number) {
    const fields = { id, timeline: "epoch", publishDelayMs: DELAY_MS, holdMs: HOLD_MS, renditions: ["720p"] };
    const event = await headwater.createEvent(fields);
    await event.put("720p/init.mp4", initSegment());
    const publish = async (n: number, atMs = 0) => {
      await sleep(Math.max(0, atMs - Date.now()));
      await event.put(`720p/${n}.m4s`, mediaSegment({ number: n, durationMs: DURATION_MS, sizeBytes: SIZE_BYTES }));
      return Date.now();
    };
    await publish(number - 1);
    await sleep(100); // a look of the origin may be under way
    return { publish, path: (n: number) => `/live/${id}/v1/720p/${n}.m4s` };
  }

  const clients = (one: () => Promise<Answer>) => Promise.all(Array.from({ length: CLIENTS }, one));
  const spreadMs = (answers: readonly Answer[]) => {
    const times = answers.map(({ atMs }) => atMs);
    return Math.max(...times) - Math.min(...times);
  };

  /** Resolves when the origin holds so many requests. */
  async function holds(headwater: Headwater, count: number): Promise<void> {
    for (let held = -1; held !== count; await sleep(20)) {
      const metrics = await (await fetch(`${headwater.origin.adminUrl}/metrics`)).text();
      held = Number(/^headwater_holds (\d+)$/m.exec(metrics)?.[1]);
    }
  }

  test("all who wait for the next number are one request, answered together", () =>
    atEach(async ({ headwater, port, togetherMs }) => {
      const number = coming();
      const { publish, path } = await eventBefore(headwater, "next", number);
      let answers: Answer[] = [];
      let publishedMs = 0;
      const asked = await originAnswers(headwater, async () => {
        const waiting = clients(() => ask(port, path(number)));
        await sleep(600);
        publishedMs = await publish(number);
        answers = await waiting;
      });
      expect(asked).toBe(1);
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
      expect(spreadMs(answers)).toBeLessThan(togetherMs);
      const last = Math.max(...answers.map(({ atMs }) => atMs));
      expect(last - publishedMs).toBeLessThan(togetherMs);
    }));

  test(
    "all who waited in vain are told together, when the hold ends",
    () =>
      atEach(async ({ headwater, port, togetherMs }) => {
        const number = coming();
        const { path } = await eventBefore(headwater, "never", number);
        let answers: Answer[] = [];
        const startMs = Date.now();
        const asked = await originAnswers(headwater, async () => {
          answers = await clients(() => ask(port, path(number)));
        });
        expect(asked).toBeLessThanOrEqual(2);
        expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([404]));
        expect(spreadMs(answers)).toBeLessThan(togetherMs);
        const last = Math.max(...answers.map(({ atMs }) => atMs));
        expect(last - startMs).toBeGreaterThan(HOLD_MS - 100);
        expect(last - startMs).toBeLessThan(HOLD_MS + togetherMs);
      }),
    15_000,
  );

  test(
    "all who wait after a 404 has run out are one request, also when who asked first leaves",
    () =>
      atEach(async ({ headwater, port, togetherMs }) => {
        const number = coming() + 2;
        const { publish, path } = await eventBefore(headwater, "after-404", number - 2);
        expect((await ask(port, path(number))).status).toBe(404);
        await publish(number - 1, expectedMs(number - 1));
        // Who finds the 404 run out leaves again once the origin holds.
        const held = holds(headwater, 1);
        for (let left = false; !left; await sleep(20)) {
          const leaving = new AbortController();
          const first = fetch(`http://127.0.0.1:${port}${path(number)}`, { signal: leaving.signal }).then(
            async ({ status, body }) => body?.cancel().then(() => expect(status).toBe(404)),
            () => {
              left = true;
            },
          );
          await Promise.race([first, held]);
          leaving.abort();
          await first;
        }
        let answers: Answer[] = [];
        let publishedMs = 0;
        const asked = await originAnswers(headwater, async () => {
          const waiting = clients(() => ask(port, path(number)));
          await sleep(300);
          publishedMs = await publish(number);
          answers = await waiting;
        });
        expect(asked).toBe(1); // the one that is held already
        expect(new Set(answers.map(({ status, body }) => `${status} ${body.length}`))).toEqual(
          new Set([`200 ${SIZE_BYTES}`]),
        );
        expect(Math.max(...answers.map(({ atMs }) => atMs)) - publishedMs).toBeLessThan(togetherMs);
      }),
    20_000,
  );

  test(
    "no 404 outlives the publish, on time or 700 ms early, and once it is there it stays",
    () =>
      atEach(async ({ headwater, port, lateMs }) => {
        await Promise.all(
          [0, -700].map(async (offsetMs) => {
            const number = coming() + 2;
            const { publish, path } = await eventBefore(headwater, `clock${offsetMs}`, number - 1);
            void publish(number - 1, expectedMs(number - 1) + offsetMs);
            let publishedMs = Number.POSITIVE_INFINITY;
            const published = publish(number, expectedMs(number) + offsetMs).then((atMs) => {
              publishedMs = atMs;
            });
            const untilMs = expectedMs(number) + offsetMs + lateMs + 500;
            const polls: Promise<Answer>[] = [];
            for (; Date.now() < untilMs; await sleep(100)) polls.push(ask(port, path(number)));
            await published;
            const answers = (await Promise.all(polls)).sort((a, b) => a.atMs - b.atMs);
            const refused = answers.filter(({ status }) => status !== 200);
            const latest = Math.max(0, ...refused.map(({ atMs }) => atMs - publishedMs));
            expect([offsetMs, latest < lateMs]).toEqual([offsetMs, true]);
            expect(refused.every(({ status }) => status === 404)).toBe(true);
            expect(answers.at(-1)!.status).toBe(200);
          }),
        );
      }),
    20_000,
  );
});
