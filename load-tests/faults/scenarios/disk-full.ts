import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { mountSmallDisk, until } from "@headwater/infra";
import { demandNone, Live } from "../live.ts";
import { judgeRefusals } from "../refusals.ts";
import type { Fault } from "../scene.ts";
import { CachedReads } from "../traffic/cached-reads.ts";
import { CALM } from "./one-node.ts";

const MIB = 2 ** 20;
/** The store keeps 256 MiB free for rows. */
const WITHIN_RESERVE_BYTES = 100 * MIB;
const ROOMY_BYTES = 2048 * MIB;
/** Room is looked at once a second. */
const NOTICED_MS = 1_500;
const REFUSED_WITHIN_MS = 1_000;
const RECOVERED_WITHIN_MS = 5_000;

/** The embedded store's disk: from one moment to the next nothing is left, then only its reserve, then there is room again. */
export const diskFull: Fault = {
  does: "The embedded store's disk is full to the last byte, then has 100 MiB left, then room again, without a restart; no memory cache",
  stores: ["local"],
  deadlineMs: 180_000,
  run: async (scene) => {
    const { report, brief } = scene;
    const phaseMs = brief ? 2_500 : 10_000;
    const disk = await mountSmallDisk(join(scene.dir, "disk"), ROOMY_BYTES);
    if (disk === undefined) throw new Error("needs a disk of its own: root on Linux");
    try {
      const headwater = await scene.start({
        HEADWATER_DATA_DIR: join(disk.dir, "data"),
        HEADWATER_MEMORY_CACHE_BYTES: "0",
      });
      const live = await Live.start(scene, headwater, CALM);
      const { encoder } = live;
      let [fullFromMs, fullToMs] = [0, 0];
      let roomFromMs = Number.POSITIVE_INFINITY;
      try {
        await sleep(brief ? 2_000 : 4_000);
        const stored = new CachedReads(encoder, encoder.acknowledged.slice(-16));
        fullFromMs = performance.now();
        // At once, in the middle of what is being written.
        await disk.leave(0);
        await sleep(phaseMs);
        await report.check("not a byte is left: 507 says so, and when to try again", () => refusal(live));
        await disk.leave(WITHIN_RESERVE_BYTES);
        await sleep(phaseMs);
        await report.check("nothing but the reserve is left: the same", () => refusal(live));
        await stored.stop();
        await report.check("what is stored is read from the full disk", () => stored.judge());
        fullToMs = performance.now();
        await disk.leave(ROOMY_BYTES);
        roomFromMs = performance.now();
        await report.check(
          `PUTs are taken within ${RECOVERED_WITHIN_MS / 1000} s of room, without a restart`,
          async () => {
            await until(async () => {
              if (!encoder.acknowledged.some(({ endedMs }) => endedMs! > roomFromMs)) throw new Error("none was");
            }, RECOVERED_WITHIN_MS);
            return `${(performance.now() - roomFromMs).toFixed(0)} ms after it`;
          },
        );
        roomFromMs += RECOVERED_WITHIN_MS;
        await sleep(brief ? 1_500 : RECOVERED_WITHIN_MS);
      } finally {
        await live.stop();
      }
      const isFull = (ms: number) => ms >= fullFromMs && ms <= roomFromMs;
      await report.check(
        `a PUT that is not taken is 507 in < ${REFUSED_WITHIN_MS} ms, and none fails otherwise`,
        async () => judgeRefusals(encoder.failed, { status: 507, withinMs: REFUSED_WITHIN_MS, isOut: isFull }),
      );
      await report.check(`nothing is taken ${NOTICED_MS} ms after the disk was full`, async () => {
        const taken = encoder.acknowledged.filter(
          ({ endedMs }) => endedMs! > fullFromMs + NOTICED_MS && endedMs! < fullToMs,
        );
        demandNone(taken.map(({ rendition, number }) => `${rendition}/${number}`));
      });
      await live.judge();
    } finally {
      await disk.remove();
    }
  },
};

/** What a PUT is told, in its own words. */
async function refusal({ encoder: { event } }: Live): Promise<string> {
  const number = Math.floor(Date.now() / event.durationMs);
  const answer = await fetch(`${event.publishUrl}/refused/${number}.m4s`, {
    method: "PUT",
    headers: { Authorization: `Bearer ${event.publishToken}` },
    body: Buffer.alloc(1000),
    signal: AbortSignal.timeout(5_000),
  });
  const text = await answer.text();
  const retryAfter = answer.headers.get("retry-after");
  const told = `${answer.status} ${text}, Retry-After: ${retryAfter}`;
  if (answer.status !== 507 || !text.includes('"store-full"') || retryAfter === null) throw new Error(told);
  return told;
}
