import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { type Kv, nextToken, type Row } from "@headwater/kv";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import type { Notice, Notices, Subscription } from "./port.ts";

/** One client of the store and of its notices, as one process has them. */
export interface NoticesClient {
  readonly kv: Kv;
  readonly notices: Notices;
}

export interface NoticesHarness {
  /** A further client; all are on one store and one channel. */
  client(): Promise<NoticesClient>;
  /** Takes the channel down, and up again; absent if it cannot be down without the store. */
  readonly channel?: { cut(): Promise<void>; mend(): Promise<void> };
  close(): Promise<void>;
}

const TIMEOUT_MS = 30_000;
const EVENTUALLY_MS = 10_000;
const TRY_MS = 40;
const PUBLISH_MS = 20;
/** A busy machine fires a timer this late. */
const TIMER_SLACK_MS = 30;

/** What every way of telling of commits must do. Each case has partitions of its own. */
export function runNoticesContract(name: string, { make }: { make: () => Promise<NoticesHarness> }): void {
  describe(`${name} keeps the notices contract`, () => {
    let harness: NoticesHarness;
    let clients: NoticesClient[];
    const subscriptions: Subscription[] = [];
    let id: string;

    beforeAll(async () => {
      harness = await make();
      clients = [await harness.client(), await harness.client(), await harness.client()];
      for (const client of clients) await untilHeard(client);
    }, TIMEOUT_MS);
    beforeEach(() => {
      id = randomUUID();
    });
    afterEach(async () => {
      for (const subscription of subscriptions.splice(0)) await subscription.close();
    });
    afterAll(async () => await harness?.close(), TIMEOUT_MS);

    /** Subscribes, with the channel up. */
    async function listen(client: NoticesClient) {
      const listener = await listenAnyway(client);
      await eventually(() => listener.subscription.completeUntilMs() > 0);
      return listener;
    }

    /** Subscribes, whether or not the channel is up, and keeps what this case's rows bring. */
    async function listenAnyway({ notices }: NoticesClient) {
      const heard: Notice[] = [];
      const counts = { gaps: 0 };
      const subscription = await notices.subscribe({
        onNotice: (notice) => {
          if (notice.row.id === id) heard.push(notice);
        },
        onGap: () => {
          counts.gaps++;
        },
      });
      subscriptions.push(subscription);
      return { heard, counts, subscription, keys: () => heard.map(({ row }) => row.key.toString()) };
    }

    /** What a writer does: commit, then tell. */
    async function commit({ kv, notices }: NoticesClient, key: string, value: Buffer = Buffer.from(key)): Promise<Row> {
      const row = { id, key: Buffer.from(key), value, tokenUs: nextToken(Date.now()) };
      await kv.put("6h", row);
      await notices.publish({ namespace: "6h", row });
      return row;
    }

    /** A channel may lose what is told before its connections are up, as long as it says so by a gap: waits until it does not. */
    async function untilHeard(client: NoticesClient): Promise<void> {
      id = randomUUID();
      const { heard, subscription } = await listenAnyway(client);
      for (let n = 0; heard.length === 0 && n < EVENTUALLY_MS / TRY_MS; n++) {
        await commit(client, `try ${n}`);
        await delay(TRY_MS);
      }
      expect(heard).not.toEqual([]);
      await subscription.close();
    }

    /** Of five: what else the machine does may hold up any one. */
    async function fastestPublishMs(): Promise<number> {
      const tookMs: number[] = [];
      for (let n = 0; n < 5; n++) {
        const row = { id, key: Buffer.from(`told ${n}`), value: Buffer.alloc(1000), tokenUs: 1 };
        tookMs.push(await elapsedMs(() => clients[0]!.notices.publish({ namespace: "6h", row })));
      }
      return Math.min(...tookMs);
    }

    test(
      "every subscriber of every client hears each row once, its own publisher's included",
      async () => {
        const listeners = await Promise.all([...clients, clients[0]!].map(listen));
        const wanted = Array.from({ length: 30 }, (_, n) => `key ${n}`);
        await Promise.all(wanted.map((key, n) => commit(clients[n % clients.length]!, key)));
        for (const { heard } of listeners) await eventually(() => heard.length >= wanted.length);
        await delay(50);
        for (const { keys } of listeners) expect(keys().sort()).toEqual([...wanted].sort());
      },
      TIMEOUT_MS,
    );

    test(
      "each publisher's rows come in its order",
      async () => {
        const { heard, keys } = await listen(clients[2]!);
        const publishers = clients.slice(0, 2);
        await Promise.all(
          publishers.map(async (client, p) => {
            for (let n = 0; n < 20; n++) await commit(client, `${p} ${String(n).padStart(2, "0")}`);
          }),
        );
        await eventually(() => heard.length === 40);
        for (const p of ["0", "1"]) {
          const own = keys().filter((key) => key.startsWith(p));
          expect(own).toEqual([...own].sort());
        }
      },
      TIMEOUT_MS,
    );

    test.each([0, 1, 65_536])("a row with a value of %d bytes comes as it was committed", async (sizeBytes) => {
      const { heard } = await listen(clients[1]!);
      const row = await commit(clients[0]!, "\u0000 key/é", Buffer.alloc(sizeBytes, 0xfe));
      await eventually(() => heard.length === 1);
      expect(heard[0]).toEqual({ namespace: "6h", row });
    });

    test(
      "completeness advances while all is well, and every row committed before it has been heard",
      async () => {
        const { keys, subscription } = await listen(clients[1]!);
        await commit(clients[0]!, "first");
        for (let round = 0; round < 5; round++) {
          const beganMs = Date.now();
          await commit(clients[round % 2]!, `round ${round}`);
          const committedMs = Date.now();
          const atOnceMs = subscription.completeUntilMs();
          expect(atOnceMs).toBeLessThanOrEqual(Date.now());
          await eventually(() => subscription.completeUntilMs() > committedMs);
          expect(subscription.completeUntilMs()).toBeGreaterThan(beganMs);
          expect(keys()).toContain(`round ${round}`);
        }
      },
      TIMEOUT_MS,
    );

    test("a closed subscription hears nothing and vouches for nothing more", async () => {
      const closed = await listen(clients[0]!);
      const open = await listen(clients[0]!);
      await commit(clients[1]!, "before");
      await eventually(() => closed.heard.length === 1 && open.heard.length === 1);
      await closed.subscription.close();
      await closed.subscription.close();
      const closedMs = Date.now();
      await delay(2);
      await commit(clients[1]!, "after");
      await eventually(() => open.heard.length === 2);
      expect(closed.keys()).toEqual(["before"]);
      expect(closed.subscription.completeUntilMs()).toBeLessThanOrEqual(closedMs);
    });

    test("publish takes no more than 20 ms", async () => {
      expect(await fastestPublishMs()).toBeLessThan(PUBLISH_MS + TIMER_SLACK_MS);
    });

    test(
      "with the channel down: publish neither rejects nor lasts, nothing is vouched for; then a gap, and all is well",
      async () => {
        if (!harness.channel) return;
        const { heard, keys, counts, subscription } = await listen(clients[1]!);
        await commit(clients[0]!, "before");
        await eventually(() => heard.length === 1 && subscription.completeUntilMs() > 0);
        const gapsBefore = counts.gaps;

        await harness.channel.cut();
        await eventually(() => subscription.completeUntilMs() === 0);
        expect(await fastestPublishMs()).toBeLessThan(PUBLISH_MS + TIMER_SLACK_MS);
        const late = await listenAnyway(clients[2]!);
        expect(late.subscription.completeUntilMs()).toBe(0);

        await harness.channel.mend();
        await eventually(() => counts.gaps > gapsBefore);
        const mendedMs = Date.now();
        await eventually(
          () => subscription.completeUntilMs() > mendedMs && late.subscription.completeUntilMs() > mendedMs,
        );
        await commit(clients[0]!, "after");
        await eventually(() => keys().includes("after") && late.keys().includes("after"));
      },
      TIMEOUT_MS,
    );
  });
}

async function eventually(holds: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + EVENTUALLY_MS;
  while (!holds()) {
    if (performance.now() > deadlineMs) throw new Error(`not so within ${EVENTUALLY_MS} ms: ${holds}`);
    await delay(2);
  }
}

async function elapsedMs(work: () => Promise<void>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}
