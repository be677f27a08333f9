import { setTimeout as sleep } from "node:timers/promises";
import type { ZoneNode } from "@headwater/cache";
import type { Catalog, EventView, RenditionTail } from "@headwater/segment-store/catalog";
import type { Job } from "./job.ts";

/** Of one run. What it does not get done the next run goes on with. */
const RUN_MS = 1500;
/** A server that is left out after failures is tried when it is asked, and may be back by then. */
const ASK_AGAIN_MS = 200;
/** Copied at a time; also how many wait for the pace. */
const AT_A_TIME = 8;
const BYTES_PER_SECOND = 64 * 1024 * 1024;

/**
 * Fills cache servers that have come up empty, or were away, from the other zones: the chunks of the newest numbers of
 * each event that goes on, newest first. What the zones do not have is left to the next reader. A server for which
 * something got no answer is not warm: it comes up again in the next run.
 */
export function warmUp(nodes: readonly ZoneNode[], catalog: Catalog): Job {
  /** Empty, or away since they were filled: then they may still say that they are warm. */
  const lacking = new Set<ZoneNode>();
  return {
    name: "warm-up",
    everyMs: 2000,
    firstAfterMs: 2000,
    deadlineMs: 1900,
    async run(nowMs, signal) {
      const report = { warmed: 0, bytes: 0 };
      const time = AbortSignal.any([signal, AbortSignal.timeout(RUN_MS)]);
      const isOver = new Promise<void>((resolve) => time.addEventListener("abort", () => resolve(), { once: true }));
      // A server that is slow to answer must not make the run late.
      await Promise.race([warm(nowMs, time, report), isOver]);
      signal.throwIfAborted();
      return { ...report };
    },
  };

  async function warm(nowMs: number, time: AbortSignal, report: { warmed: number; bytes: number }): Promise<void> {
    const answers = await Promise.all(nodes.map(async (node) => ({ node, isWarm: await askTwice(node) })));
    for (const { node, isWarm } of answers) if (isWarm !== true) lacking.add(node);
    const cold = answers
      .filter(({ node, isWarm }) => isWarm !== undefined && lacking.has(node))
      .map(({ node }) => node);
    if (cold.length === 0) return;

    const filled = new Set(cold);
    const startMs = performance.now();
    for await (const keys of newestChunks(catalog, nowMs)) {
      if (time.aborted) return;
      const asked = cold.flatMap((node) => keys.map((key) => ({ node, key })));
      await Promise.all(
        asked.map(async ({ node, key }) => {
          const copied = await node.warm(key);
          if (copied === undefined) filled.delete(node);
          report.bytes += copied ?? 0;
        }),
      );
      const aheadMs = (report.bytes / BYTES_PER_SECOND) * 1000 - (performance.now() - startMs);
      if (aheadMs > 1) await sleep(aheadMs);
    }
    if (time.aborted) return;
    await Promise.all(
      [...filled].map(async (node) => {
        if (!(await node.markWarm())) return;
        lacking.delete(node);
        report.warmed += 1;
      }),
    );
  }
}

async function askTwice(node: ZoneNode): Promise<boolean | undefined> {
  const isWarm = await node.isWarm();
  if (isWarm !== undefined) return isWarm;
  await sleep(ASK_AGAIN_MS);
  return node.isWarm();
}

/** The chunks of the events that go on, a few at a time: of the newest number of every event, then of the one before. */
async function* newestChunks(catalog: Catalog, nowMs: number): AsyncGenerator<string[]> {
  const events = await Promise.all(
    catalog
      .events()
      .filter(({ end }) => end === undefined)
      .map((event) => tailsOf(catalog.view(event), nowMs)),
  );
  const depth = Math.max(0, ...events.flatMap(({ highest, tails }) => tails.map(({ lowest }) => highest - lowest + 1)));
  let keys: string[] = [];
  for (let back = 0; back < depth; back += 1) {
    for (const { tails, highest } of events) {
      for (const { ref } of tails.flatMap((tail) => tail.candidates(highest - back))) {
        for (let n = 0; n < ref.chunks; n += 1) keys.push(`${ref.nonce}/${n}`);
      }
    }
    for (; keys.length >= AT_A_TIME; keys = keys.slice(AT_A_TIME)) yield keys.slice(0, AT_A_TIME);
  }
  if (keys.length > 0) yield keys;
}

async function tailsOf(view: EventView, nowMs: number): Promise<{ tails: RenditionTail[]; highest: number }> {
  await view.ensureShape(nowMs);
  const streams = view.shape.all("stream");
  const tails = await Promise.all(streams.map(({ rendition }) => view.ensureTail(rendition, nowMs)));
  return { tails, highest: view.highest };
}
