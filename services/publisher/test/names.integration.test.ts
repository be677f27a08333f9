import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { noise, vtt } from "./support/media.ts";
import { TestPublisher } from "./support/publisher.ts";
import { head, LAST_CHUNK, send, Wire } from "./support/wire.ts";

let publisher: TestPublisher;
let token: string;
let bearer: Record<string, string>;
const BASE = "/publish/derby/a";
const CHUNKED = { "Transfer-Encoding": "chunked" };

beforeAll(async () => {
  publisher = await TestPublisher.start();
  token = await publisher.event("derby");
  bearer = { Authorization: `Bearer ${token}` };
});
afterAll(() => publisher.close());

const put = (path: string, body?: Buffer | string, headers: Record<string, string | number> = {}, method = "PUT") =>
  send(publisher.port, method, `${BASE}/${path}`, { ...bearer, ...headers }, body);
const stored = async (rendition: string) => publisher.candidates("derby", rendition);

describe("the same name again", () => {
  test("same bytes 200, other bytes 409 and the first stays", async () => {
    expect(await put("again/1.vtt", vtt("one"))).toMatchObject({ status: 201 });
    expect(await put("again/1.vtt", vtt("one"))).toMatchObject({ status: 200 });
    const other = await put("again/1.vtt", vtt("two"));
    expect(other).toMatchObject({ status: 409 });
    expect(JSON.parse(other.body)).toMatchObject({ code: "conflict" });
    const all = await stored("again");
    expect(all).toHaveLength(1);
    expect((await publisher.bytes("derby", all[0]!)).equals(vtt("one"))).toBe(true);
  });

  test("a defective copy gives way before its retry deadline", async () => {
    expect(await put("mended/1.ts", noise(5000))).toMatchObject({ status: 201 });
    expect(await put("mended/1.ts", noise(5000, 2))).toMatchObject({ status: 200 });
    const reported = { "Headwater-Defects": "gap;ms=120, nonsense" };
    expect(await put("reported/1.vtt", vtt("one"), reported)).toMatchObject({ status: 201 });
    expect((await stored("reported"))[0]!.report.defects).toEqual(["gap;ms=120"]);
    expect(await put("reported/1.vtt", vtt("two"))).toMatchObject({ status: 200 });
  });

  test("20 at the same instant: one candidate", async () => {
    const body = Buffer.concat([vtt("many"), Buffer.alloc(600_000, "\n")]);
    const replies = await Promise.all(Array.from({ length: 20 }, () => put("many/1.vtt", body)));
    expect(replies.map(({ status }) => status).sort()).toEqual([...Array(19).fill(200), 201]);
    expect(await stored("many")).toHaveLength(1);
  });

  test("DELETE is told yes and removes nothing", async () => {
    expect(await put("kept/1.vtt", vtt("kept"))).toMatchObject({ status: 201 });
    for (const path of ["kept/1.vtt", "kept/99.vtt", "unknown.txt", "kept/index.m3u8"]) {
      const wire = await Wire.open(publisher.port);
      wire.socket.write(head("DELETE", `${BASE}/${path}`, { ...bearer, ...CHUNKED }) + LAST_CHUNK);
      expect(await wire.reply()).toMatchObject({ status: 204, body: "" });
      wire.socket.write(head("DELETE", `${BASE}/${path}`, bearer));
      expect(await wire.reply()).toMatchObject({ status: 204 });
      wire.socket.destroy();
    }
    expect(await stored("kept")).toHaveLength(1);
    expect(await put("kept/1.vtt", vtt("other"))).toMatchObject({ status: 409 });
  });
});

describe("names that only a playlist explains", () => {
  test("subtitles that ffmpeg puts beside a picture are a rendition of their own", async () => {
    expect(await put("picture/0.ts", noise(5000))).toMatchObject({ status: 201 });
    expect(await put("picture/index0.vtt", vtt("cue"))).toMatchObject({ status: 201 });
    expect(await put("picture/index_vtt.m3u8", list(0, ["index0.vtt"]))).toMatchObject({ status: 201 });
    expect((await stored("picture")).map(({ ext }) => ext)).toEqual(["ts"]);
    expect((await stored("picture_vtt")).map(({ ext }) => ext)).toEqual(["vtt"]);
  });

  const list = (first: number, names: string[]) =>
    `#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:${first}\n${names
      .map((name) => `#EXTINF:2.0,\n${name}\n`)
      .join("")}`;

  test("segments before their playlist are visible when it is answered", async () => {
    for (const n of [10, 11]) expect(await put(`flat_${n}.vtt`, vtt(`flat ${n}`))).toMatchObject({ status: 201 });
    expect(await publisher.renditions("derby")).not.toContain("flat");
    expect(await put("flat.m3u8", list(10, ["flat_10.vtt", "flat_11.vtt"]))).toMatchObject({ status: 201 });
    const bytes = await Promise.all((await stored("flat")).map((candidate) => publisher.bytes("derby", candidate)));
    expect(bytes.map(String)).toEqual([10, 11].map((n) => String(vtt(`flat ${n}`))));
  });

  test("a playlist before its segments: they are visible when they are answered", async () => {
    expect(await put("first.m3u8", list(0, ["first-20261124-083210.vtt"]))).toMatchObject({ status: 201 });
    expect(await put("first-20261124-083210.vtt", vtt("first"))).toMatchObject({ status: 201 });
    expect(await stored("first")).toHaveLength(1);
    expect(await put("first.m3u8", list(0, ["first-20261124-083210.vtt"]))).toMatchObject({ status: 200 });
    expect(await stored("first")).toHaveLength(1);
  });

  test("a playlist of many names long before them", async () => {
    const names = Array.from({ length: 20 }, (_, n) => `ahead_${n}.vtt`);
    expect(await put("ahead.m3u8", list(0, names))).toMatchObject({ status: 201 });
    for (const name of names) expect(await put(name, vtt(name))).toMatchObject({ status: 201 });
    const bytes = await Promise.all((await stored("ahead")).map((candidate) => publisher.bytes("derby", candidate)));
    expect(bytes.map(String)).toEqual(names.map((name) => String(vtt(name))));
  });

  test("file names in the query", async () => {
    const to = (name: string, body: Buffer | string) =>
      send(publisher.port, "PUT", `${BASE}?cid=1&copy=0&file=${name}`, bearer, body);
    expect(await to("index0.vtt", vtt("query"))).toMatchObject({ status: 201 });
    expect(await to("index.m3u8", list(0, ["index0.vtt"]))).toMatchObject({ status: 201 });
    expect(await stored("index")).toHaveLength(1);
  });
});
