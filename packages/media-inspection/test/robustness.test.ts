import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { completeReport, createInspector } from "../src/index.ts";
import { concat, inspect, text } from "./support/bytes.ts";
import { audioEntry, initSegment, MDAT, moof, styp, traf, trak, trex } from "./support/fmp4.ts";
import { AVC_PICTURE, adtsFrame, packets, pes, programTables } from "./support/ts.ts";

const INIT = initSegment([trak({ id: 1 }), trak({ id: 2, handler: "soun", entry: audioEntry() })], [trex(1, 10)]);
const FRAGMENT = concat(moof(traf({ durations: [5, 6] }), traf({ trackId: 2, samples: 3 })), MDAT);
const OBJECTS = {
  init: INIT,
  segment: concat(styp("msdh", "msix"), FRAGMENT, FRAGMENT),
  "self-initialising segment": concat(INIT, FRAGMENT),
  "transport stream": concat(
    programTables([0x1b, 0x100], [0x0f, 0x101]),
    packets(0x100, pes(concat(AVC_PICTURE, new Uint8Array(400)), 3000, 0)),
    packets(0x101, pes(concat(adtsFrame(), adtsFrame()), 0)),
    packets(0x100, pes(AVC_PICTURE, 6000, 3000)),
  ),
  "packed audio": concat(
    text("ID3"),
    Uint8Array.of(4, 0, 0, 0, 0, 0, 5),
    new Uint8Array(5),
    adtsFrame(),
    adtsFrame(30),
  ),
  subtitles: text(
    "WEBVTT\n\n00:00.000 --> 00:01.000\nA text that is longer than the inspector looks at all. ".repeat(4),
  ),
};

describe.each(Object.entries(OBJECTS))("%s", (_, whole) => {
  const expected = inspect(whole);

  test("cut into pushes anyhow, the report is the same", () => {
    expect(inspect(...Array.from(whole, (byte) => Uint8Array.of(byte)))).toEqual(expected);
    fc.assert(
      fc.property(fc.array(fc.nat(whole.length), { maxLength: 12 }), (cuts) => {
        const edges = [0, ...cuts.sort((a, b) => a - b), whole.length];
        expect(inspect(...edges.slice(1).map((end, i) => whole.slice(edges[i], end)))).toEqual(expected);
      }),
    );
  });

  test("bytes given may be overwritten afterwards", () => {
    const inspector = createInspector();
    const reused = new Uint8Array(100);
    for (let at = 0; at < whole.length; at += reused.length) {
      const piece = whole.subarray(at, at + reused.length);
      reused.fill(0xee);
      reused.set(piece);
      inspector.push(reused.subarray(0, piece.length));
    }
    expect(inspector.finish()).toEqual(expected);
  });

  test("any byte may be another one", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 8 }), (changes) => {
        const bytes = whole.slice();
        for (const [at, value] of changes) bytes[at] = value;
        inspectWholly(bytes);
      }),
      { numRuns: 500 },
    );
  });
});

test.each(["init", "segment", "self-initialising segment"] as const)(
  "%s cut short at any byte is unparseable",
  (name) => {
    const whole = OBJECTS[name];
    // A whole init, or a whole first fragment, is fine by itself.
    const complete = new Set([INIT.length, styp("msdh", "msix").length + FRAGMENT.length]);
    for (let length = 0; length < whole.length; length++) {
      if (complete.has(length)) continue;
      expect([length, inspect(whole.subarray(0, length))]).toMatchObject([length, { defects: ["unparseable"] }]);
    }
  },
);

test.each(["transport stream", "packed audio", "subtitles"] as const)("%s cut short at any byte", (name) => {
  for (let length = 0; length < OBJECTS[name].length; length++) inspectWholly(OBJECTS[name].subarray(0, length));
});

test("random bytes", () => {
  const starts = [text(""), styp(), programTables([0x1b, 0x100]), adtsFrame(), text("ID3\x04"), text("WEBVTT")];
  fc.assert(
    fc.property(fc.constantFrom(...starts), fc.uint8Array({ maxLength: 2000 }), (start, rest) => {
      inspectWholly(concat(start, rest));
    }),
    { numRuns: 1000 },
  );
});

function inspectWholly(bytes: Uint8Array): void {
  const report = inspect(bytes);
  if (report.kind === "segment") completeReport(report, undefined);
}
