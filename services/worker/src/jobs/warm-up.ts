import { setTimeout as sleep } from "node:timers/promises";
import type { ZoneNode } from "@headwater/cache";
import type { Catalog, EventView, RenditionTail } from "@headwater/segment-store/catalog";
import type { Job } from "./job.ts";

/** Of one run. What it does not get done the next run goes on with. */
const RUN_MS = 1500;
/** Copied at a time; also how many wait for the pace. */
const AT_A_TIME = 8;
const BYTES_PER_SECOND = 64 * 1024 * 1024;

/**
 * Fills cache servers that have come up empty, or were away, from the other zones: the chunks of the newest numbers of
 * each event that goes on, newest first. What the zones do not have is left to the next reader.
 */
export function warmUp(nodes: readonly ZoneNode[], catalog: Catalog): Job {
  let away: ReadonlySet<ZoneNode> = new Set();
  return {
    name: "warm-up",
    everyMs: 2000,
    firstAfterMs: 2000,
    deadlineMs: 1900,
    async run(nowMs, signal) {
      const found = await Promise.all(nodes.map(async (node) => ({ node, isWarm: await node.isWarm() })));
      const cold = found.filter(({ node, isWarm }) => isWarm === false || (isWarm && away.has(node)));
      away = new Set(found.filter(({ isWarm }) => isWarm === undefined).map(({ node }) => node));
      if (cold.length === 0) return { warmed: 0, bytes: 0 };

      const startMs = performance.now();
      let bytes = 0;
      for await (const keys of newestChunks(catalog, nowMs)) {
        signal.throwIfAborted();
        const copied = await Promise.all(cold.flatMap(({ node }) => keys.map((key) => node.warm(key))));
        bytes += copied.reduce((sum, size) => sum + size, 0);
        const aheadMs = (bytes / BYTES_PER_SECOND) * 1000 - (performance.now() - startMs);
        if (aheadMs > 1) await sleep(aheadMs, undefined, { signal });
        if (performance.now() - startMs > RUN_MS) {
          away = new Set([...away, ...cold.map(({ node }) => node)]);
          return { warmed: 0, bytes };
        }
      }
      await Promise.all(cold.map(({ node }) => node.markWarm()));
      return { warmed: cold.length, bytes };
    },
  };
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
