import { Agent } from "node:http";
import { initSegment, until } from "@headwater/infra";
import { sumBy } from "../../storm/metrics.ts";
import { demandNone } from "../live.ts";
import type { Fault } from "../scene.ts";
import { toldBy } from "../told.ts";
import { type CutPut, cutPut, DEATHS, FRAMINGS } from "../traffic/cut-put.ts";
import { createClockedEvent } from "../traffic/event.ts";
import { readMetrics } from "../traffic/metrics.ts";
import { segmentBytes } from "../traffic/payload.ts";
import { put } from "../traffic/put.ts";
import { seededRandom } from "../traffic/random.ts";
import { patiently } from "../traffic/read-back.ts";
import { ALL_STORES } from "../world.ts";

const DURATION_MS = 2_000;
const RENDITIONS = 5;
/** How long the publisher may take to notice the last of them. */
const COUNTED_MS = 10_000;
/** One in so many is cut before its last byte only. */
const LAST_BYTE_OF = 5;

/** Bodies shorter than their Content-Length, or without their last chunk: refused, and as if they had never been. */
export const putTruncated: Fault = {
  does: "500 PUTs end before their Content-Length, or within their chunks",
  stores: ALL_STORES,
  deadlineMs: 240_000,
  run: async (scene) => {
    const { report, seed, brief } = scene;
    const random = seededRandom(`${seed}/cuts`);
    const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)]!;
    const headwater = await scene.start();
    const event = await createClockedEvent(headwater, "faults", DURATION_MS);
    const payload = { seed, durationMs: DURATION_MS, minBytes: 100_000, maxBytes: 1_200_000 };
    const first = Math.floor(Date.now() / DURATION_MS) - 150;
    const trials = Array.from({ length: brief ? 25 : 500 }, (_, i) => ({
      rendition: `r${i % RENDITIONS}`,
      number: first + Math.floor(i / RENDITIONS),
    }));
    const admin = (await toldBy(headwater)).urls.admin.publisher[0]!;
    const urlOf = (path: string) => `${event.readUrl}/${path}`;
    const answers = new Map<string, number>();
    const visible: string[] = [];
    const refused: string[] = [];
    const agent = new Agent({ keepAlive: true });
    for (let i = 0; i < RENDITIONS; i++) await put(event, `r${i}/init.mp4`, initSegment());

    const each = async (work: (path: string, bytes: Buffer) => Promise<void>) => {
      const left = trials.values();
      const next = async () => {
        for (const { rendition, number } of left)
          await work(`${rendition}/${number}.m4s`, segmentBytes({ event: event.id, rendition, number }, payload));
      };
      await Promise.all(Array.from({ length: RENDITIONS }, next));
    };
    await each(async (path, bytes) => {
      const share = random() * LAST_BYTE_OF < 1 ? 1 : random();
      const cut: CutPut = { share, framing: pick(FRAMINGS), death: pick(DEATHS) };
      const status = await cutPut(event, path, bytes, cut);
      const answer = status === undefined ? `none to a ${cut.death}` : `${status} to a ${cut.death}`;
      answers.set(answer, (answers.get(answer) ?? 0) + 1);
    });
    await report.check("the answer is 400 to who still reads, and every one is counted as aborted", async () => {
      const unlike = [...answers.keys()].filter(
        (answer) => !/^(400 to a half-close|none to a (close|reset))$/.test(answer),
      );
      demandNone(unlike);
      await until(async () => {
        const { aborted = 0 } = sumBy(await readMetrics(admin), "headwater_publish_total", "result");
        if (aborted !== trials.length) throw new Error(`${aborted} of ${trials.length} are counted`);
      }, COUNTED_MS);
      return [...answers]
        .map(([answer, count]) => `${count} × ${answer}`)
        .sort()
        .join(", ");
    });
    await report.check("nothing of them is visible", async () => {
      await each(async (path) => {
        const { status, body } = await patiently(urlOf(path), agent);
        if (status !== 404 && status !== 410) visible.push(`${path}: ${status}, ${body.length} bytes`);
      });
      demandNone(visible);
      return `0 of ${trials.length}`;
    });
    await report.check("each is taken when it comes whole, as if for the first time, and is served", async () => {
      await each(async (path, bytes) => {
        const { status } = await put(event, path, bytes);
        const got = await patiently(urlOf(path), agent);
        if (status !== 201 || got.status !== 200 || !got.body.equals(bytes))
          refused.push(`${path}: taken with ${status ?? "no answer"}, read with ${got.status}`);
      });
      demandNone(refused);
    });
    agent.destroy();
  },
};
