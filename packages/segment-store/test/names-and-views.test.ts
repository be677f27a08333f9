import { describe, expect, test } from "@jest/globals";
import { Freshness } from "../src/catalog/freshness.ts";
import { RenditionTail, TAIL_NUMBERS } from "../src/catalog/rendition-tail.ts";
import { KeyedMutex } from "../src/keyed-mutex.ts";
import { type Candidate, candidateKey, parseCandidateKey, parseId, Shape, shapeRow } from "../src/model/index.ts";
import { parseObjectPath, playlistRendition } from "../src/writer/object-path.ts";

describe("what an object's path says by itself", () => {
  test.each([
    ["720p/42.m4s", "segment 720p 42 m4s"],
    ["720p/seg-00042.ts", "segment 720p 42 ts"],
    ["audio_en/0.aac", "segment audio_en 0 aac"],
    ["720p/init.mp4", "object 720p mp4"],
    ["720p/video.init", "object 720p init"],
    ["720p/20261124-083210.ts", "object 720p ts"],
    ["stream_10.m4s", "object - m4s"],
    ["index0.ts", "object - ts"],
    ["a/b/c1.ts", "object - ts"],
    ["720p/1234567890123456.ts", "object 720p ts"],
    ["Streams(video.cmfv)", "refused"],
    ["index.m3u8", "playlist index.m3u8"],
    ["720p/index.m3u8", "playlist 720p/index.m3u8"],
    ["stream.mpd", "manifest stream.mpd"],
    ["../720p/1.ts", "refused"],
    ["720p/../1.ts", "refused"],
    ["720p//1.ts", "refused"],
    ["720p/1.exe", "refused"],
    ["720p/1", "refused"],
    ["720p.x/1", "refused"],
    ["", "refused"],
    [`${"a".repeat(200)}.ts`, "refused"],
  ])("%s is %s", (path, expected) => {
    const parsed = parseObjectPath(path);
    const words = {
      segment: (p: { rendition?: unknown; incoming?: unknown; ext?: unknown }) =>
        `segment ${p.rendition} ${p.incoming} ${p.ext}`,
      object: (p: { rendition?: unknown; ext?: unknown }) => `object ${p.rendition ?? "-"} ${p.ext}`,
      playlist: (p: { name?: unknown }) => `playlist ${p.name}`,
      manifest: (p: { name?: unknown }) => `manifest ${p.name}`,
    };
    expect(parsed === undefined ? "refused" : words[parsed.kind](parsed)).toBe(expected);
  });

  test.each([
    ["720p/index.m3u8", "720p"],
    ["stream_0.m3u8", "stream_0"],
    ["a/b/list.m3u8", "b"],
    ["(x)/list.m3u8", undefined],
  ])("the playlist %s is of rendition %s", (name, rendition) => {
    expect(playlistRendition(name)).toBe(rendition);
  });
});

describe("ids", () => {
  test("a candidate's key gives number and pipeline back, and sorts by number", () => {
    const keys = [0, 255, 256, 2 ** 40].map((number) => candidateKey(number, "a", "00ff"));
    expect(keys.map(parseCandidateKey)).toEqual([0, 255, 256, 2 ** 40].map((number) => ({ number, pipeline: "a" })));
    expect([...keys].reverse().sort(Buffer.compare)).toEqual(keys);
  });

  test("a partition's id tells event, rendition and bucket", () => {
    expect(parseId("u/720p/12")).toEqual({ uid: "u", part: "720p", bucket: 12 });
    expect(parseId("u/a/names")).toEqual({ uid: "u", part: "a" });
    expect(parseId("u/shape")).toEqual({ uid: "u", part: "shape" });
    expect(parseId("events")).toBeUndefined();
  });
});

describe("shape", () => {
  test("is the same whatever the order of its rows, and the newer token wins", () => {
    const anchor = (number: number) => ({ sequence: 0, number, endMs: 0, duration: { num: 2, den: 1 }, video: true });
    const rows = [shapeRow("u", "anchor", anchor(1), 10), shapeRow("u", "anchor", anchor(2), 20)];
    for (const order of [rows, [...rows].reverse()]) {
      const shape = new Shape();
      for (const row of order) shape.apply(row);
      expect(shape.anchor()?.number).toBe(2);
    }
  });
});

describe("a rendition's tail", () => {
  const candidate = (number: number, stampMs: number, nonce = `n${number}`) =>
    ({ number, stampMs, pipeline: "a", run: 0, ref: { nonce } }) as Candidate;

  test("keeps the newest numbers whatever the order, and of the two before them what their choice needs", () => {
    const tail = new RenditionTail("720p");
    for (const number of [1, 0, 2, 2]) tail.apply(candidate(number, number));
    for (let number = 3; number <= TAIL_NUMBERS + 1; number += 1) tail.apply(candidate(number, number));
    expect([tail.highest, tail.lowest]).toEqual([TAIL_NUMBERS + 1, 2]);
    expect([1, 2].map((number) => tail.candidates(number).length)).toEqual([0, 1]);
    expect(tail.before(2).map(({ number }) => number)).toEqual([1, 0]);
    expect(tail.progress("a")).toEqual({ run: 0, highest: TAIL_NUMBERS + 1, lastCommitMs: TAIL_NUMBERS + 1 });
    tail.apply(candidate(TAIL_NUMBERS + 2, 1));
    tail.apply(candidate(0, 1));
    expect(tail.before(2).map(({ number }) => number)).toEqual([1]);
  });
});

describe("freshness", () => {
  test("a clock that is set back does not make the last read young again", async () => {
    let reads = 0;
    const read = async () => {
      reads += 1;
    };
    const freshness = new Freshness(() => 0, read);
    await freshness.ensure(10_000);
    await freshness.ensure(9_990); // who asked a moment before is content with it
    expect(reads).toBe(1);
    await freshness.ensure(8_500);
    await freshness.ensureRead(7_000, 500);
    await freshness.nextRead(5_500);
    expect(reads).toBe(4);
  });

  test("reads once for many, then trusts notices until they are silent or have a gap", async () => {
    let reads = 0;
    let completeUntilMs = 0;
    const freshness = new Freshness(
      () => completeUntilMs,
      async () => {
        reads += 1;
      },
    );
    await Promise.all([1000, 1000, 1001].map((nowMs) => freshness.ensure(nowMs)));
    expect(reads).toBe(1);
    completeUntilMs = 9900;
    await freshness.ensure(10_000);
    expect(reads).toBe(1);
    await freshness.ensure(10_401);
    expect(reads).toBe(2);
    completeUntilMs = 20_000;
    freshness.gap();
    await freshness.ensure(20_000);
    expect(reads).toBe(3);
  });

  test("whoever asks while it is read waits for the read, and a gap meanwhile is not forgotten", async () => {
    const begun: PromiseWithResolvers<void>[] = [];
    const freshness = new Freshness(
      () => 20_000,
      () => {
        begun.push(Promise.withResolvers());
        return begun.at(-1)!.promise;
      },
    );
    const first = freshness.ensure(20_000);
    expect(freshness.isFresh(20_000)).toBe(false);
    let isAnswered = false;
    const second = freshness.ensure(20_000).then(() => {
      isAnswered = true;
    });
    await Promise.resolve();
    expect(isAnswered).toBe(false);
    freshness.gap();
    begun[0]?.resolve();
    await Promise.all([first, second]);
    expect(freshness.isFresh(20_300)).toBe(false);
    const third = freshness.ensure(20_300);
    begun[1]?.resolve();
    await third;
    expect([freshness.isFresh(20_500), begun.length]).toEqual([true, 2]);
  });

  test("who must know of the newest waits for the next read that is allowed, and shares it", async () => {
    let reads = 0;
    const freshness = new Freshness(
      () => 0,
      async () => {
        reads += 1;
      },
    );
    await freshness.ensure(1000);
    await freshness.ensure(1001);
    expect(reads).toBe(1);
    await Promise.all([1240, 1241].map((nowMs) => freshness.nextRead(nowMs)));
    expect(reads).toBe(2);
  });

  test("news is asked for also right after a read", async () => {
    let asked = 0;
    const freshness = new Freshness(
      () => {
        asked += 1;
        return 0;
      },
      async () => {},
    );
    await freshness.ensure(1000);
    asked = 0;
    expect(freshness.isFresh(1100)).toBe(true);
    expect(asked).toBe(1);
  });

  test("a read that fails goes to who asked, and the next one tries again", async () => {
    let reads = 0;
    const freshness = new Freshness(
      () => 0,
      async () => {
        reads += 1;
        if (reads === 1) throw new Error("no store");
      },
    );
    await expect(freshness.ensure(1000)).rejects.toThrow("no store");
    await freshness.ensure(1000);
    expect(reads).toBe(2);
  });
});

test("a keyed mutex runs one at a time for a key, in order, and others beside it", async () => {
  const mutex = new KeyedMutex();
  const log: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = mutex.run("a", async () => {
    await gate.promise;
    log.push("first");
    throw new Error("not the next one's trouble");
  });
  const second = mutex.run("a", async () => log.push("second"));
  await mutex.run("b", async () => log.push("beside"));
  gate.resolve();
  await expect(first).rejects.toThrow();
  await second;
  expect(log).toEqual(["beside", "first", "second"]);
});
