import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import type { Profile } from "../../load-tests/proof/harness/profiles.ts";
import { readBack } from "../../load-tests/proof/harness/read-back.ts";

const PROFILE: Profile = { name: "x", container: "fmp4", playlist: "index.m3u8", renditions: ["r"] };
const INIT = '#EXT-X-MAP:URI="init.mp4"\n';
const entry = (uri: string, durationSec = 2) => `#EXTINF:${durationSec},\n${uri}\n`;

let server: Server;
let dir: string;
let base: string;
/** What the origin has, by the end of the path. */
let objects: Record<string, string>;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "headwater-read-back-"));
  await writeFile(join(dir, "index.m3u8"), `#EXTM3U\n${INIT}${entry("0.m4s")}${entry("1.m4s")}`);
  for (const [name, text] of [
    ["init.mp4", "init"],
    ["0.m4s", "zero"],
    ["1.m4s", "one"],
  ] as const)
    await writeFile(join(dir, name), text);
  server = createServer((req, res) => {
    const object = objects[(req.url ?? "").replace(/\?.*$/, "").replace(/^.*\//, "")];
    res.writeHead(object === undefined ? 404 : 200).end(object);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/live/e`;
});

afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(dir, { recursive: true });
});

beforeEach(() => {
  objects = {
    "index.m3u8": list(entry("5.m4s") + entry("6.m4s")),
    "init.mp4": "init",
    "5.m4s": "zero",
    "6.m4s": "one",
  };
});

const list = (entries: string) => `#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:5\n${INIT}${entries}#EXT-X-ENDLIST\n`;
const read = () => readBack({ profile: PROFILE, dirs: [dir], base });

test("the same bytes pass", async () => {
  expect(await read()).toEqual({ segments: 2, bytes: 7 });
});

test.each<[string, Record<string, string>, RegExp]>([
  ["a byte that differs", { "6.m4s": "onE" }, /r\/6: 3 bytes were read, 3 other ones/],
  ["another init", { "init.mp4": "Init" }, /the init of r\/5 is not the encoder's/],
  [
    "a segment that nobody sent",
    { "index.m3u8": list(["5", "6", "7"].map((n) => entry(`${n}.m4s`)).join("")) },
    /3 seg/,
  ],
  ["a gap", { "index.m3u8": list(`${entry("5.m4s")}#EXT-X-GAP\n${entry("6.m4s")}`) }, /r\/6 is a gap/],
  [
    "a break",
    { "index.m3u8": list(`${entry("5.m4s")}#EXT-X-DISCONTINUITY\n${entry("6.m4s")}`) },
    /r\/6 has a needless/,
  ],
  ["another order", { "index.m3u8": list(entry("6.m4s") + entry("5.m4s")) }, /r\/5 is listed as 6.m4s/],
  ["another duration", { "index.m3u8": list(entry("5.m4s") + entry("6.m4s", 1.8)) }, /r\/6 lasts 1.8 s/],
])("%s fails", async (_, changed, message) => {
  Object.assign(objects, changed);
  await expect(read()).rejects.toThrow(message);
});
