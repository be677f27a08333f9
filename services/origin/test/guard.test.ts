import { describe, expect, test } from "@jest/globals";
import { FairCount } from "../src/guard/fair-count.ts";
import { MediaRoom } from "../src/guard/media-room.ts";
import { announcesBody } from "../src/guard/request-body.ts";

describe("requests under way", () => {
  const begin = (count: FairCount, edge: string, times: number) =>
    Array.from({ length: times }, () => count.begin(edge)).filter((isIn) => isIn).length;

  test("one edge may have them all; another then still gets its equal share, and gives it back", () => {
    const count = new FairCount(10);
    expect(begin(count, "hog", 20)).toBe(10);
    expect(begin(count, "late", 20)).toBe(5);
    expect(begin(count, "third", 20)).toBe(3);
    expect(count.total).toBe(18);

    for (let i = 0; i < 9; i += 1) count.end("hog");
    // What nobody else wants is the hog's again.
    expect(begin(count, "hog", 20)).toBe(2);
    for (let i = 0; i < 3; i += 1) count.end("hog");
    for (let i = 0; i < 5; i += 1) count.end("late");
    for (let i = 0; i < 3; i += 1) count.end("third");
    expect(count.total).toBe(0);
    expect(begin(count, "late", 20)).toBe(10);
  });

  test("never twice the bound, however many edges come one after the other", () => {
    const count = new FairCount(16);
    for (let edge = 0; edge < 100; edge += 1) begin(count, `edge ${edge}`, 20);
    expect(count.total).toBeLessThanOrEqual(32);
  });
});

describe("room for media", () => {
  test("the DVR goes without before the live edge; content that is there already costs nothing", () => {
    const room = new MediaRoom(100);
    expect(room.take("a", 40, "dvr")).toBe(true);
    expect(room.take("b", 40, "dvr")).toBe(false);
    expect(room.take("b", 40, "live-edge")).toBe(true);
    expect(room.take("c", 40, "live-edge")).toBe(false);
    expect([room.take("a", 40, "dvr"), room.take("b", 40, "dvr")]).toEqual([true, true]);
    expect(room.bytes).toBe(80);

    room.giveBack("a");
    expect(room.bytes).toBe(80);
    room.giveBack("a");
    expect(room.bytes).toBe(40);
    for (let i = 0; i < 2; i += 1) room.giveBack("b");
    expect(room.bytes).toBe(0);
    expect(room.take("larger than all of it", 500, "dvr")).toBe(true);
  });
});

test.each([
  [["Host", "origin"], false],
  [["Host", "origin", "CONTENT-length", "0"], false],
  [["content-length", "5", "Host", "origin"], true],
  [["Transfer-Encoding", "chunked"], true],
  [["X-Content-Len", "5", "Accept-Encoding..", "chunked"], false],
])("whether %j announce a body: %s", (rawHeaders, announced) => {
  expect(announcesBody({ rawHeaders })).toBe(announced);
});
