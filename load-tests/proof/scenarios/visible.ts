import { SeededEncoder } from "../../faults/traffic/encoder.ts";
import { createClockedEvent } from "../../faults/traffic/event.ts";
import { describeMs, percentile } from "../../faults/traffic/figures.ts";
import { watchVisible } from "../../faults/traffic/visible.ts";
import type { Scenario } from "./scenario.ts";

/** With notices or without (interface §5). */
const VISIBLE_WITHIN_MS = 500;
const DURATION_MS = 500;
const RENDITIONS = ["r1", "r2", "r3", "r4"];

/** How long after its 2xx a segment is served, to whoever asks again and again from then on. */
export const visible: Scenario = async ({ headwater, report, seconds }) => {
  const event = await createClockedEvent(headwater, "visible", DURATION_MS);
  const encoder = new SeededEncoder({
    event,
    seed: "visible",
    renditions: RENDITIONS,
    minBytes: 20_000,
    maxBytes: 60_000,
  });
  const count = Math.ceil((seconds * 1000) / DURATION_MS);
  const watched = await Promise.all(RENDITIONS.map((rendition) => watchVisible(encoder, rendition, count)));
  await encoder.stop();
  const samples = watched.flat();

  await report.check("no PUT failed", async () => {
    if (encoder.failed.length > 0) throw new Error(`${encoder.failed.length} failed`);
    return `${encoder.sent.length} PUTs`;
  });
  await report.check(`served within ${VISIBLE_WITHIN_MS} ms of the 2xx`, async () => {
    const servedMs = samples.map((one) => one.servedMs);
    const refused = samples.filter(({ refusedMs }) => refusedMs > 0).length;
    const told = `${describeMs(servedMs)}; ${refused} were refused before`;
    if (percentile(servedMs, 0.99) > VISIBLE_WITHIN_MS) throw new Error(told);
    return told;
  });
};
