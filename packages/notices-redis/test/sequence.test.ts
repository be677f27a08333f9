import { describe, expect, test } from "@jest/globals";
import { decodeFrame, encodeFrame, type Header } from "../src/frame.ts";
import { PublisherTracker } from "../src/publisher-tracker.ts";

const NOW_MS = 1_790_000_000_000;

describe("frames", () => {
  const header = { kind: "notice", publisher: "00ff10a1b2c3d4e5", sequence: 2 ** 40 + 1, sentMs: NOW_MS } as const;
  const row = {
    id: "event/é/1",
    key: Buffer.of(0, 255, 1),
    value: Buffer.alloc(65_536, 3),
    tokenUs: NOW_MS * 1000 + 7,
  };

  test("come back as they went", () => {
    expect(decodeFrame(encodeFrame(header, { namespace: "24h", row }))).toEqual({
      header,
      notice: { namespace: "24h", row },
    });
    const bare = { id: "", key: Buffer.of(), value: Buffer.of(), tokenUs: 0 };
    expect(decodeFrame(encodeFrame(header, { namespace: "control", row: bare }))?.notice?.row).toEqual(bare);
    for (const kind of ["heartbeat", "bye"] as const) {
      expect(decodeFrame(encodeFrame({ ...header, kind }))).toEqual({ header: { ...header, kind } });
    }
  });

  test("of another version or kind, or cut short within the header or the row's names, are none", () => {
    const frame = encodeFrame(header, { namespace: "24h", row: { ...row, value: Buffer.of() } });
    for (let length = 0; length < frame.length; length++) {
      expect(decodeFrame(frame.subarray(0, length))).toBeUndefined();
    }
    for (const [at, byte] of [
      [0, 2],
      [1, 3],
    ] as const) {
      const other = Buffer.from(frame);
      other[at] = byte;
      expect(decodeFrame(other)).toBeUndefined();
    }
  });

  test("cannot be made of an id beyond 64 KiB", () => {
    expect(() => encodeFrame(header, { namespace: "1h", row: { ...row, id: "x".repeat(65_536) } })).toThrow(RangeError);
  });
});

describe("the tracker of publishers", () => {
  type Said = [kind: Header["kind"], publisher: string, sequence: number, atMs: number, sentMs?: number];
  const hear = (tracker: PublisherTracker, [kind, publisher, sequence, atMs, sentMs = atMs]: Said) => {
    const { fresh, gap } = tracker.accept({ kind, publisher, sequence, sentMs: NOW_MS + sentMs }, NOW_MS + atMs);
    return `${fresh ? "fresh" : "-"} ${gap ? "gap" : "-"}`;
  };

  test.each<[string, Said[], string[]]>([
    [
      "a run in order",
      [
        ["heartbeat", "a", 0, 0],
        ["notice", "a", 1, 1],
        ["notice", "a", 2, 2],
        ["heartbeat", "a", 2, 3],
      ],
      ["- -", "fresh -", "fresh -", "- -"],
    ],
    ["a first notice numbered 1 has nothing before it", [["notice", "a", 1, 0]], ["fresh -"]],
    [
      "a publisher first heard amid its run",
      [
        ["notice", "a", 5, 0],
        ["notice", "a", 6, 1],
      ],
      ["fresh gap", "fresh -"],
    ],
    [
      "a heartbeat first heard that tells of notices",
      [
        ["heartbeat", "a", 3, 0],
        ["notice", "a", 4, 1],
      ],
      ["- gap", "fresh -"],
    ],
    [
      "a notice missing, seen by the next",
      [
        ["notice", "a", 1, 0],
        ["notice", "a", 3, 1],
      ],
      ["fresh -", "fresh gap"],
    ],
    [
      "a notice missing, seen by a heartbeat, once",
      [
        ["notice", "a", 1, 0],
        ["heartbeat", "a", 2, 1],
        ["heartbeat", "a", 2, 2],
      ],
      ["fresh -", "- gap", "- -"],
    ],
    [
      "the same notice twice",
      [
        ["notice", "a", 1, 0],
        ["notice", "a", 1, 1],
      ],
      ["fresh -", "- -"],
    ],
    [
      "publishers apart",
      [
        ["notice", "a", 1, 0],
        ["notice", "b", 1, 1],
        ["notice", "a", 2, 2],
      ],
      ["fresh -", "fresh -", "fresh -"],
    ],
    [
      "one that was gone for 10 s",
      [
        ["notice", "a", 1, 0],
        ["notice", "a", 2, 10_001],
      ],
      ["fresh -", "fresh gap"],
    ],
  ])("%s", (_name, said, wanted) => {
    const tracker = new PublisherTracker();
    expect(said.map((each) => hear(tracker, each))).toEqual(wanted);
  });

  test("vouches for the time that the slowest of all publishers has vouched for", () => {
    const tracker = new PublisherTracker();
    const completeAt = (atMs: number) => {
      const completeMs = tracker.completeUntilMs(NOW_MS + atMs);
      return completeMs && completeMs - NOW_MS;
    };
    expect(completeAt(0)).toBe(0);
    hear(tracker, ["heartbeat", "a", 0, 100, 95]);
    expect(completeAt(110)).toBe(95);
    hear(tracker, ["heartbeat", "b", 0, 200, 999]);
    expect(completeAt(210)).toBe(95);
    hear(tracker, ["notice", "a", 1, 300, 295]);
    expect(completeAt(310)).toBe(200);
    // b falls silent: nothing is known, until it has been silent for so long that it is gone.
    hear(tracker, ["heartbeat", "a", 1, 701]);
    expect(completeAt(701)).toBe(0);
    hear(tracker, ["heartbeat", "a", 1, 10_201]);
    expect(completeAt(10_202)).toBe(10_201);
    // One that says bye is gone at once.
    hear(tracker, ["heartbeat", "c", 0, 10_300]);
    hear(tracker, ["bye", "a", 1, 10_310]);
    expect(completeAt(10_320)).toBe(10_300);
    tracker.reset();
    expect(completeAt(10_330)).toBe(0);
  });
});
