import { setTimeout as sleep } from "node:timers/promises";
import { zones } from "@headwater/cache";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { init, segment } from "./support/media.ts";
import { createEvent, get, list, numbersOf, type Process, put, putPlaylist, Store, T0 } from "./support/store.ts";

let store: Store;
let one: Process;

beforeEach(async () => {
  store = new Store();
  one = await store.process();
});
afterEach(() => store.close());

/** Puts numbers `from` to `to` as an encoder does, one each two seconds; media time runs on from `mediaFromSec`. */
async function encode(event: Awaited<ReturnType<typeof createEvent>>, from: number, to: number, mediaFromSec = 0) {
  const results: string[] = [];
  for (let number = from; number <= to; number += 1) {
    store.nowMs += 2000;
    const atSec = mediaFromSec + (number - from) * 2;
    results.push((await put(one, event, `720p/${number}.m4s`, segment({ atSec, payload: `${store.nowMs}` }))).result);
  }
  return results;
}

describe("a first segment gives the event its clock", () => {
  test("what was put is read back byte for byte, on every process", async () => {
    const event = await createEvent(one);
    const two = await store.process();
    expect(await put(one, event, "720p/init.mp4", init())).toEqual({ result: "stored" });
    const body = segment({ atSec: 0, payload: Buffer.alloc(1_500_000, 7) });
    expect((await put(one, event, "720p/5.m4s", body)).result).toBe("stored");
    for (const process of [one, two]) {
      expect((await get(process, event, "720p", 5, store.nowMs))?.equals(body)).toBe(true);
    }
    expect((await one.reader.rendition(event, "720p"))?.template()).toMatchObject({
      duration: { num: 2, den: 1 },
      startMs: T0 - 12_000,
      first: 5,
    });
  });

  test("the row is committed while the cache zones are still at work, and told of when they are done", async () => {
    const zonesDone = Promise.withResolvers<void>();
    const slow = await store.process({ ...zones({ zones: [] }), set: () => zonesDone.promise });
    const event = await createEvent(slow);
    await put(one, event, "720p/init.mp4", init());
    await put(one, event, "720p/0.m4s", segment({ atSec: 0 }));
    const told: number[] = [];
    const subscription = await store.notices.subscribe({
      onNotice: (notice) => told.push(notice.row.tokenUs),
      onGap() {},
    });
    const committed = Promise.withResolvers<number>();
    const kvPut = store.kv.put;
    store.kv.put = async (namespace, row) => {
      await kvPut(namespace, row);
      if (namespace === event.retention) committed.resolve(row.tokenUs);
    };
    store.nowMs += 2000;
    const done = put(slow, event, "720p/1.m4s", segment({ atSec: 2 }));
    const tokenUs = await committed.promise;
    expect(told).not.toContain(tokenUs);
    zonesDone.resolve();
    expect((await done).result).toBe("stored");
    expect(told).toContain(tokenUs);
    await subscription.close();
  });

  test("d is taken from the media, a video segment's before an audio one's would count", async () => {
    const event = await createEvent(one);
    await put(one, event, "v/init.mp4", init());
    await put(one, event, "v/0.m4s", segment({ atSec: 0, durationSec: 4 }));
    expect((await one.reader.rendition(event, "v"))?.template()?.duration).toEqual({ num: 4, den: 1 });
  });

  test("an arrival that drifts moves the clock and keeps the duration of most segments", async () => {
    const event = await createEvent(one);
    await put(one, event, "720p/init.mp4", init());
    await encode(event, 0, 9);
    store.nowMs += 2700;
    await put(one, event, "720p/10.m4s", segment({ atSec: 20, durationSec: 0.4 }));
    const template = (await one.reader.rendition(event, "720p"))!.template()!;
    expect(template.duration).toEqual({ num: 2, den: 1 });
    expect(template.startMs + 11 * 2000).toBe(store.nowMs);
  });
});

describe("names", () => {
  test("the same bytes again are the same; other bytes are a conflict and the first stays", async () => {
    const event = await createEvent(one);
    await put(one, event, "720p/init.mp4", init());
    const first = segment({ atSec: 0 });
    expect((await put(one, event, "720p/0.m4s", first)).result).toBe("stored");
    expect((await put(one, event, "720p/0.m4s", first)).result).toBe("same");
    expect((await put(one, event, "720p/0.m4s", segment({ atSec: 0, payload: "other" }))).result).toBe("conflict");
    expect(await get(one, event, "720p", 0, store.nowMs)).toEqual(first);
  });

  test("a defective copy gives way until its retry deadline", async () => {
    const event = await createEvent(one);
    await put(one, event, "720p/init.mp4", init());
    expect((await put(one, event, "720p/0.m4s", Buffer.from("no media at all"))).result).toBe("stored");
    const good = segment({ atSec: 0 });
    expect((await put(one, event, "720p/0.m4s", good)).result).toBe("replaced");
    expect(await get(one, event, "720p", 0, store.nowMs)).toEqual(good);
  });

  test("an init that comes after its first segment is given to it", async () => {
    const event = await createEvent(one);
    await put(one, event, "720p/0.m4s", segment({ atSec: 0 }));
    await put(one, event, "720p/init.mp4", init());
    const look = await (await one.reader.rendition(event, "720p"))!.look(0, store.nowMs);
    expect(look.candidate).toMatchObject({ init: expect.any(String), report: { defects: [] } });
  });

  const playlist = (sequence: number, names: readonly string[]) =>
    `#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:${sequence}\n#EXT-X-MAP:URI="init_0.mp4"\n${names
      .map((name) => `#EXTINF:2.0,\n${name}\n`)
      .join("")}`;

  test.each(["after", "before"])("a flat name is bound by the playlist that comes %s it", async (order) => {
    const event = await createEvent(one);
    await put(one, event, "init_0.mp4", init());
    const body = segment({ atSec: 0 });
    if (order === "before") await putPlaylist(one, event, "stream_0.m3u8", playlist(7, ["stream_07.m4s"]));
    await put(one, event, "stream_07.m4s", body);
    if (order === "after") await putPlaylist(one, event, "stream_0.m3u8", playlist(7, ["stream_07.m4s"]));
    if (order === "before") await putPlaylist(one, event, "stream_0.m3u8", playlist(7, ["stream_07.m4s"]));
    expect(await get(one, event, "stream_0", 7, store.nowMs)).toEqual(body);
    const { candidate } = await (await one.reader.rendition(event, "stream_0"))!.look(7, store.nowMs);
    expect(candidate?.report.defects).toEqual([]);
  });

  test.each([
    ["other bytes", "after the segment"],
    ["other bytes", "before the segment"],
    ["the same bytes", "after the segment"],
    ["the same bytes", "before the segment"],
  ])("a flat name used again by a restarted encoder is a new segment: %s, playlist %s", async (bytes, order) => {
    const event = await createEvent(one);
    await put(one, event, "init_0.mp4", init());
    for (const n of [0, 1, 2]) {
      store.nowMs += 2000;
      await put(one, event, `index${n}.m4s`, segment({ atSec: 2 * n }));
      const names = ["index0.m4s", "index1.m4s", "index2.m4s"].slice(0, n + 1);
      await putPlaylist(one, event, "index.m3u8", playlist(0, names));
    }
    store.nowMs += 5000;
    await put(one, event, "init_0.mp4", init());
    const again = segment({ atSec: 0, ...(bytes === "other bytes" && { payload: "again" }) });
    if (order === "before the segment") await putPlaylist(one, event, "index.m3u8", playlist(0, ["index0.m4s"]));
    await put(one, event, "index0.m4s", again);
    if (order === "after the segment") await putPlaylist(one, event, "index.m3u8", playlist(0, ["index0.m4s"]));
    expect(await get(one, event, "index", 3, store.nowMs)).toEqual(again);
    expect(numbersOf(await list(one, event, "index", store.nowMs))).toBe("0 1 2 | 3");
    expect(await put(one, event, "index0.m4s", again)).toEqual({ result: "replaced" });
    await putPlaylist(one, event, "index.m3u8", playlist(0, ["index0.m4s"]));
    expect(numbersOf(await list(one, event, "index", store.nowMs))).toBe("0 1 2 | 3");
  });
});

describe("an encoder that starts again", () => {
  test("goes on behind the last number with a discontinuity; nothing is refused", async () => {
    const event = await createEvent(one);
    await put(one, event, "720p/init.mp4", init());
    await encode(event, 0, 4);
    store.nowMs += 3000;
    await put(one, event, "720p/init.mp4", init(1));
    expect(await encode(event, 0, 2)).toEqual(["stored", "stored", "stored"]);
    const lines = await list(one, event, "720p", store.nowMs);
    expect(numbersOf(lines)).toBe("0 1 2 3 4 | 5 6 7");
    expect(lines.filter((line) => line.startsWith("#EXT-X-MAP"))).toHaveLength(2);
  });

  test.each(["720p/", ""])(
    "has its own init from its first segment on, whichever of the two is faster (%sinit.mp4)",
    async (folder) => {
      const event = await createEvent(one);
      const rendition = folder === "" ? "flat" : "720p";
      const send = async (number: number, payload: string) => {
        await put(one, event, `${folder}${number}.m4s`, segment({ atSec: number * 2, payload }));
        const head = `#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:${number}\n`;
        const lines = `#EXT-X-MAP:URI="init.mp4"\n#EXTINF:2,\n${number}.m4s\n`;
        await putPlaylist(one, event, `${folder}${rendition}.m3u8`, head + lines);
      };
      const begun = send(0, "first");
      await sleep(50); // without its init, the segment has to wait
      await put(one, event, `${folder}init.mp4`, init());
      await begun;
      for (const number of [1, 2]) {
        store.nowMs += 2000;
        await send(number, "first");
      }
      store.nowMs += 3000;
      const sent = send(0, "anew");
      await sleep(50);
      await put(one, event, `${folder}init.mp4`, init(1));
      await sent;
      const lines = await list(one, event, rendition, store.nowMs);
      expect(numbersOf(lines)).toBe("0 1 2 | 3");
      expect(lines.filter((line) => line.startsWith("#EXT-X-MAP"))).toHaveLength(2);
    },
  );

  test("takes its other renditions along, and what one of them lacks is a gap at once", async () => {
    const event = await createEvent(one);
    const both = ["hi", "lo"];
    for (const rendition of both) await put(one, event, `${rendition}/init.mp4`, init());
    for (const number of [0, 1, 2]) {
      store.nowMs += 2000;
      for (const rendition of number === 2 ? ["hi"] : both) {
        await put(one, event, `${rendition}/${number}.m4s`, segment({ atSec: number * 2, payload: rendition }));
      }
    }
    store.nowMs += 3000;
    for (const rendition of both) await put(one, event, `${rendition}/init.mp4`, init());
    for (const rendition of both)
      await put(one, event, `${rendition}/0.m4s`, segment({ atSec: 0, payload: `${rendition} anew` }));
    expect(numbersOf(await list(one, event, "hi", store.nowMs))).toBe("0 1 2 | 3");
    expect(numbersOf(await list(one, event, "lo", store.nowMs))).toBe("0 1 -2 | 3");
  });
});

describe("playlists", () => {
  test("list the last minute by default and the whole window on demand, also on a process that starts late", async () => {
    const event = await createEvent(one);
    await put(one, event, "720p/init.mp4", init());
    await encode(event, 0, 199);
    const late = await store.process();
    for (const process of [one, late]) {
      const short = numbersOf(await list(process, event, "720p", store.nowMs)).split(" ");
      expect([short[0], short.at(-1), short.length]).toEqual(["170", "199", 30]);
      const long = numbersOf(await list(process, event, "720p", store.nowMs, 14_400)).split(" ");
      expect([long[0], long.at(-1), long.length]).toEqual(["0", "199", 200]);
    }
    await encode(event, 200, 270, 400);
    const long = numbersOf(await list(late, event, "720p", store.nowMs, 14_400)).split(" ");
    expect([long[0], long.at(-1), long.length]).toEqual(["0", "270", 271]);
    expect(await get(late, event, "720p", 3, store.nowMs)).toBeDefined();
  });

  test("stop before a hole until its deadline, then say that it is a gap", async () => {
    const event = await createEvent(one);
    await put(one, event, "720p/init.mp4", init());
    await encode(event, 0, 2);
    store.nowMs += 4000;
    await put(one, event, "720p/4.m4s", segment({ atSec: 8 }));
    expect(numbersOf(await list(one, event, "720p", store.nowMs))).toBe("0 1 2");
    store.nowMs += 6000;
    expect(numbersOf(await list(one, event, "720p", store.nowMs))).toBe("0 1 2 -3 4");
  });

  test("an ended event's list ends", async () => {
    const event = await createEvent(one);
    await put(one, event, "720p/init.mp4", init());
    await encode(event, 0, 3);
    await one.events.end("derby", 3);
    expect((await list(one, event, "720p", store.nowMs)).at(-1)).toBe("#EXT-X-ENDLIST");
    expect(await encode(event, 4, 4, 8)).toEqual(["ended"]);
  });
});

describe("notices are only for speed", () => {
  test("without them another process sees a commit within half a second, asking the kv four times a second at most", async () => {
    const event = await createEvent(one);
    const two = await store.process();
    await put(one, event, "720p/init.mp4", init());
    await encode(event, 0, 3);
    expect(await get(two, event, "720p", 3, store.nowMs)).toBeDefined();
    store.notices.cut();
    await encode(event, 4, 4, 8);
    store.nowMs += 500;
    expect(await get(two, event, "720p", 4, store.nowMs)).toBeDefined();
    expect((await (await two.reader.rendition(event, "720p"))!.look(5, store.nowMs)).decision.kind).toBe("hold");
  });

  test("two processes that take one encoder's renditions agree on the run after a restart", async () => {
    const event = await createEvent(one);
    const two = await store.process();
    await put(one, event, "hi/init.mp4", init());
    await put(two, event, "lo/init.mp4", init());
    const both = async (n: number, payload: string) => {
      store.nowMs += 2000;
      return Promise.all([
        put(one, event, `hi/${n}.m4s`, segment({ atSec: 2 * n, payload: `hi${payload}` })),
        put(two, event, `lo/${n}.m4s`, segment({ atSec: 2 * n, payload: `lo${payload}` })),
      ]);
    };
    for (const n of [0, 1, 2]) await both(n, "");
    store.nowMs += 3000;
    for (const n of [0, 1]) expect((await both(n, "anew")).map(({ result }) => result)).toEqual(["stored", "stored"]);
    for (const rendition of ["hi", "lo"]) {
      expect(numbersOf(await list(one, event, rendition, store.nowMs))).toBe("0 1 2 | 3 4");
    }
  });
});

describe("epoch", () => {
  test("numbers are the encoder's own; far too early and out of the window are outside the template", async () => {
    const event = await createEvent(one, { id: "olympics", timeline: "epoch" });
    const now = Math.floor(T0 / 2000);
    await put(one, event, "720p/init.mp4", init());
    expect((await put(one, event, `720p/${now - 1}.m4s`, segment({ atSec: 0 }))).result).toBe("stored");
    expect(await one.publishing.outsideTemplate(event, now + 2)).toBeUndefined();
    expect(await one.publishing.outsideTemplate(event, now + 3)).toMatchObject({ last: now + 2 });
    expect(await one.publishing.outsideTemplate(event, now - 7300)).toBeDefined();
    expect(numbersOf(await list(one, event, "720p", store.nowMs))).toBe(String(now - 1));
  });
});
