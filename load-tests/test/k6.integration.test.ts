import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { initSegment, mediaSegment, requirePart, startHeadwater } from "@headwater/infra";
import { expect, test } from "@jest/globals";
import { runK6 } from "../run-k6.ts";

const k6 = await requirePart("k6");
const DURATION_MS = 2000;

(k6 ? test : test.skip)("a slice of the live scenario: viewers served, the storm refused, all in time", async () => {
  const dir = await mkdtemp(join(tmpdir(), "headwater-k6-"));
  const headwater = await startHeadwater({ dir });
  try {
    const event = await headwater.createEvent({ id: "derby", timeline: "epoch" });
    await event.put("720p/init.mp4", initSegment());
    const first = Math.floor(Date.now() / DURATION_MS);
    for (const number of [first, first + 1]) {
      await event.put(`720p/${number}.m4s`, mediaSegment({ number, durationMs: DURATION_MS, sizeBytes: 256 * 1024 }));
    }
    const settings = { ORIGIN: headwater.origin.url, EVENT: "derby", RATE: "10", STORM_RATE: "20", DURATION: "3s" };
    const summaryFile = join(dir, "summary.json");
    const code = await runK6({ ...settings, SUMMARY_FILE: summaryFile }, "ignore");
    const { classes, missed } = JSON.parse(await readFile(summaryFile, "utf8"));
    // How fast it is says nothing on a machine that does other things: what was answered does.
    expect(missed.filter((threshold: string) => !/p\(99\)|dropped/.test(threshold))).toEqual([]);
    expect([0, 99]).toContain(code);
    expect(classes.map((row: { class: string }) => row.class)).toEqual([
      "playlist",
      "segment",
      "early",
      "unknown",
      "hostile",
    ]);
    for (const { requests } of classes) expect(requests).toBeGreaterThan(20);

    expect(await runK6({ ...settings, EVENT: "no-such-event", DURATION: "1s" }, "ignore")).not.toBe(0);
  } finally {
    await headwater.stop();
    await rm(dir, { recursive: true, force: true });
  }
});
