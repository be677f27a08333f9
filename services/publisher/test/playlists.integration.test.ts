import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { vtt } from "./support/media.ts";
import { TestPublisher } from "./support/publisher.ts";
import { send } from "./support/wire.ts";

let publisher: TestPublisher;
let headers: Record<string, string>;

beforeAll(async () => {
  publisher = await TestPublisher.start();
  headers = { Authorization: `Bearer ${await publisher.event("hostile")}` };
});
afterAll(() => publisher.close());

const put = (name: string, body: Buffer | string) =>
  send(publisher.port, "PUT", `/publish/hostile/a/${name}`, headers, body);

const MEDIA = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n";
const HOSTILE: readonly (readonly [what: string, text: string])[] = [
  ["only its first line", "#EXTM3U"],
  ["a NUL", `${MEDIA}#EXTINF:2,\na\0.ts\n`],
  ["no UTF-8", `${MEDIA}#EXTINF:2,\n\xff\xfe.ts\n`],
  ["carriage returns alone", MEDIA.replaceAll("\n", "\r")],
  ["an attribute without its quote", `${MEDIA}#EXT-X-MAP:URI="init.mp4\n#EXTINF:2,\na.ts\n`],
  ["no attributes", `${MEDIA}#EXT-X-MAP:\n#EXT-X-KEY:\n#EXT-X-STREAM-INF:\n#EXTINF:\na.ts\n`],
  ["a duration that is none", `${MEDIA}#EXTINF:NaN,\na.ts\n#EXTINF:-1e400,\nb.ts\n`],
  ["a number too large", `${MEDIA}#EXT-X-MEDIA-SEQUENCE:99999999999999999999999\n#EXTINF:2,\na.ts\n`],
  ["a negative number", `${MEDIA}#EXT-X-MEDIA-SEQUENCE:-5\n#EXTINF:2,\na.ts\n`],
  ["a byte range beyond all bytes", `${MEDIA}#EXT-X-BYTERANGE:999999999999999@999999999999999\n#EXTINF:2,\na.ts\n`],
  ["a byte range of nothing", `${MEDIA}#EXT-X-BYTERANGE:@\n#EXTINF:2,\na.ts\n`],
  ["a date that is none", `${MEDIA}#EXT-X-PROGRAM-DATE-TIME:2026-99-99T99:99:99Z\n#EXTINF:2,\na.ts\n`],
  [
    "names that lead out",
    `${MEDIA}#EXTINF:2,\n../../../etc/passwd.ts\n#EXTINF:2,\nhttp://other/x.ts\n#EXTINF:2,\n//a.ts\n`,
  ],
  [
    "a name like a prototype",
    `${MEDIA}#EXT-X-MAP:URI="__proto__"\n#EXTINF:2,\n__proto__.ts\n#EXTINF:2,\nconstructor\n`,
  ],
  ["one name a thousand times", `${MEDIA}${"#EXTINF:2,\na.ts\n".repeat(1000)}`],
  ["20 000 segments", `${MEDIA}${Array.from({ length: 20_000 }, (_, n) => `#EXTINF:2,\n${n}.ts\n`).join("")}`],
  ["a line of 900 000 characters", `${MEDIA}#EXTINF:2,${"x".repeat(900_000)}\na.ts\n`],
  ["900 000 commas", `#EXTM3U\n#EXT-X-STREAM-INF:${"A=1,".repeat(220_000)}\na.m3u8\n`],
  ["900 000 quotes", `#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,NAME=${'"'.repeat(900_000)}\na.m3u8\n`],
  ["variants of one playlist", `#EXTM3U\n${"#EXT-X-STREAM-INF:BANDWIDTH=1\na.m3u8\n".repeat(2000)}`],
  [
    "groups that name each other",
    `#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO="a"\na.m3u8\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="b"\n`,
  ],
  ["both kinds at once", `${MEDIA}#EXT-X-STREAM-INF:BANDWIDTH=1\na.m3u8\n#EXTINF:2,\na.ts\n`],
  [
    "parts and skips",
    `${MEDIA}#EXT-X-SKIP:SKIPPED-SEGMENTS=999999999\n#EXT-X-PART:DURATION=1,URI="p.ts"\n#EXTINF:2,\na.ts\n`,
  ],
  ["definitions", `#EXTM3U\n#EXT-X-DEFINE:NAME="a",VALUE="{$a}"\n${MEDIA.slice(8)}#EXTINF:2,\n{$a}.ts\n`],
];

/** Far above what any takes on its own, so that a busy machine does not fail the test; a hang does. */
const BUSY_MS = 5_000;

test.each(HOSTILE)("%s: a 2xx or a clear 4xx, soon", async (_what, text) => {
  const beganMs = Date.now();
  const { status, body } = await put("hostile.m3u8", Buffer.from(text, "latin1"));
  expect(Date.now() - beganMs).toBeLessThan(BUSY_MS);
  expect([200, 201, 413, 422]).toContain(status);
  if (status >= 400) expect(JSON.parse(body)).toMatchObject({ status, title: expect.stringMatching(/^.{10,200}$/) });
});

test("it still takes what is good", async () => {
  expect(await put("good_1.vtt", vtt("good"))).toMatchObject({ status: 201 });
  expect(await put("good.m3u8", `${MEDIA}#EXTINF:2,\ngood_1.vtt\n`)).toMatchObject({ status: 201 });
  expect(await publisher.candidates("hostile", "good")).toHaveLength(1);
});
