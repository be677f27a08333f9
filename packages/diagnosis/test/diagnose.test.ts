import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { diagnose, type EventFeed, type Finding } from "../src/index.ts";
import { EVENT, event, feed, type Making, NOW } from "./support/feeds.ts";

const told = (findings: readonly Finding[]) =>
  findings.map(({ severity, code, message }) => `${severity} ${code}: ${message}`);

const both: Partial<EventFeed> = { pipelines: ["a", "b"] };
const epoch: Partial<EventFeed> = { timeline: "epoch" };
const some = (many: number, defect: string) => (newer: number) => (newer < many ? { defects: [defect] } : {});

describe("a feed that is well", () => {
  test("whatever its duration, length, renditions and pipelines: no finding at any moment before the next segment", () => {
    const feeds = fc.record({
      durationMs: fc.oneof(
        fc.integer({ min: 200, max: 20_000 }),
        fc.constantFrom(1001, 2002, 6006 / 3, 60_060 / 29.97),
      ),
      timeline: fc.constantFrom("epoch" as const, "fixed" as const, "first-segment" as const),
      count: fc.integer({ min: 1, max: 64 }),
      ago: fc.double({ min: 0, max: 1, noNaN: true }),
      latenessMs: fc.integer({ min: -500, max: 0 }),
      pipelines: fc.constantFrom(["a"], ["a", "b"]),
    });
    fc.assert(
      fc.property(feeds, ({ durationMs, timeline, count, ago, latenessMs, pipelines }) => {
        const made = pipelines.flatMap((pipeline) =>
          ["720p", "480p"].map((rendition) =>
            feed({ rendition, pipeline, durationMs, count, latenessMs, agoMs: ago * durationMs }),
          ),
        );
        const input = { ...EVENT, timeline, segmentDurationMs: durationMs, pipelines, feeds: made };
        expect(diagnose(input, NOW)).toEqual([]);
      }),
    );
  });

  test.each<[string, Partial<EventFeed>, Making[]]>([
    ["audio cut at its own frames", epoch, [{}, audio("en", (newer) => ({ durationMs: newer % 3 ? 1984 : 2027 }))]],
    ["a first segment shorter than the others", {}, [{ count: 4, change: (newer) => short(newer === 3) }]],
    ["two short ones where spots were inserted", epoch, [{ change: (newer) => short(newer === 8 || newer === 15) }]],
    [
      "a frame more or less to keep to the clock",
      epoch,
      [{ change: (newer) => ({ durationMs: 2000 + (newer % 2) * 40 - 20 }) }],
    ],
    ["NTSC where the timeline takes its pace from the media", {}, [{ count: 60, durationMs: 2002 }]],
    ["arrivals that jitter by half a second", epoch, [{ change: (newer) => jitter(newer) }]],
    [
      "a first segment long after the encoder's break",
      {},
      [{ count: 10, change: (newer) => ({ latenessMs: newer === 9 ? 30_000 : -500 }) }],
    ],
    ["a segment of which other renditions are already there", {}, [{}, { rendition: "480p", number: 99 }]],
    ["a number on its way, the next already there", {}, [{ without: [1] }]],
    ["a second pipeline that has just begun", both, [{ count: 2 }]],
    ["pictures whose sound is a rendition of its own", {}, [{ tracks: ["video"] }, audio("en")]],
    ["video and subtitles", {}, [{}, { rendition: "en", tracks: [], video: false }]],
    ["an encoder that restarted long ago", { runs: [run(0), run(1, 700_000)] }, [{}]],
    ["an event that has ended, long after", { ended: true, renditions: ["1080p"] }, [{ agoMs: 3_600_000 }]],
    ["an event that ended before anything came", { ended: true }, []],
    ["an event that has not begun", { timeline: "fixed", startTimeMs: NOW + 1 }, []],
  ])("%s", (_what, change, makings) => {
    expect(told(diagnose(event(change, ...makings), NOW))).toEqual([]);
  });
});

describe("what comes, and what does not", () => {
  test.each<[string, Partial<EventFeed>, Making[], string[]]>([
    [
      "nothing yet",
      {},
      [],
      [
        "info nothing-published: nothing has come for this event yet: start an encoder with the publish URL and token of pipeline a",
      ],
    ],
    [
      "nothing yet on the epoch",
      { ...both, ...epoch },
      [],
      [
        "info nothing-published: nothing has come for this event yet: start an encoder with the publish URL and token of pipelines a and b; its numbers must follow the epoch (now 886183200), others are refused with 409",
      ],
    ],
    [
      "one pipeline never came",
      both,
      [{}],
      [
        "warning nothing-published: nothing from pipeline b, while pipeline a publishes: look whether its encoder runs, with its own publish URL and token",
      ],
    ],
    [
      "the only pipeline went",
      {},
      [{ agoMs: 9000 }, { rendition: "480p", agoMs: 9100 }],
      [
        "error pipeline-silent: nothing for 9 s from pipeline a (a segment is due every 2 s): look whether its encoder runs and reaches Headwater, or end the event",
      ],
    ],
    [
      "one of two went",
      both,
      [{ agoMs: 754_000 }, { pipeline: "b" }],
      [
        "warning pipeline-silent: nothing for 13 min from pipeline a (a segment is due every 2 s): look whether its encoder runs and reaches Headwater",
      ],
    ],
    [
      "a rendition went",
      {},
      [{}, { rendition: "480p", number: 92, agoMs: 16_500 }],
      [
        "error rendition-silent: 480p: nothing for 17 s (a segment is due every 2 s) while the encoder's other renditions go on: look for this output in its log",
      ],
    ],
    [
      "a rendition that was named never came",
      { renditions: ["720p", "1080p"] },
      [{}],
      [
        "warning rendition-missing: 1080p: nothing from pipeline a, though the event names it: add it to the encoder's outputs, or see that the encoder gives it this name",
      ],
    ],
    [
      "a pipeline lacks a rendition",
      both,
      [{}, { rendition: "480p" }, { pipeline: "b" }],
      [
        "warning rendition-missing: 480p: nothing from pipeline b, though another pipeline publishes it: add it to the encoder's outputs, or see that the encoder gives it this name",
      ],
    ],
    [
      "a rendition stays behind",
      {},
      [{}, { rendition: "480p", number: 97 }],
      [
        "warning out-of-step: 480p: is 3 segments (6.0 s) behind the encoder's other renditions, they should be level: see that the encoder numbers all renditions alike and has the CPU and uplink for this one",
      ],
    ],
    [
      "numbers are left out",
      {},
      [{ without: [6, 10, 11] }],
      [
        "warning missing-numbers: 720p: 3 of the last 30 numbers never came: look for failed uploads in the encoder's log, and at its uplink",
      ],
    ],
    [
      "the encoder came back once",
      { runs: [run(0), run(1, 60_000)] },
      [{}],
      [
        "info encoder-restarts: the encoder of pipeline a restarted once in the last 10 minutes, each time a discontinuity for viewers: see in its log why, unless that was you",
      ],
    ],
    [
      "the encoder comes back again and again",
      { runs: [run(0, 500_000), run(1, 400_000), run(2, 300_000), run(3, 60_000)] },
      [{}],
      [
        "warning encoder-restarts: the encoder of pipeline a restarted 3 times in the last 10 minutes, each time a discontinuity for viewers: see in its log why it does not stay up",
      ],
    ],
  ])("%s", (_what, change, makings, expected) => {
    expect(told(diagnose(event(change, ...makings), NOW))).toEqual(expected);
  });
});

describe("durations and times", () => {
  test.each<[string, Partial<EventFeed>, Making[], string[]]>([
    [
      "keyframes too far apart",
      {},
      [{ durationMs: 8333, count: 5 }],
      [
        "warning segment-duration: 720p: segments last 8.3 s, the event expects 2.0 s: set the keyframe interval to 2 s (ffmpeg: -g = frame rate × 2, with -hls_time 2)",
      ],
    ],
    [
      "the same where numbers stand for times, and lateness that follows from it",
      { ...both, ...epoch },
      [{ durationMs: 8333, count: 5, latenessMs: 20_000 }, { pipeline: "b" }],
      [
        "error segment-duration: 720p of pipeline a: segments last 8.3 s, the event expects 2.0 s: set the keyframe interval to 2 s (ffmpeg: -g = frame rate × 2, with -hls_time 2)",
      ],
    ],
    [
      "too short",
      { segmentDurationMs: 2002 },
      [{ durationMs: 1001 }],
      [
        "warning segment-duration: 720p: segments last 1.0 s, the event expects 2.0 s: set the segment duration to 2.002 s (ffmpeg: -hls_time 2.002)",
      ],
    ],
    [
      "keyframes anywhere",
      {},
      [{ change: (newer) => ({ durationMs: [1240, 2000, 3080][newer % 3]! }) }],
      [
        "warning irregular-durations: 720p: segments last between 1.2 s and 3.1 s, the event expects 2.0 s each: put a keyframe every 2 s and nowhere else (ffmpeg: -g and -keyint_min = frame rate × 2, -sc_threshold 0)",
      ],
    ],
    [
      "29.97 frames a second on a clock of 30",
      epoch,
      [{ count: 60, durationMs: 2002 }],
      [
        "warning drift: 720p: drifts 2 ms a segment later than its clock, 3.6 s an hour (its segments last 2.002 s, the event expects 2 s): set frame rate and keyframe interval so that they fit (29.97 frames a second are not 30), or make the event with segmentDuration 2002",
      ],
    ],
    [
      "drift the other way, since an odd segment",
      { timeline: "fixed", segmentDurationMs: 2002 },
      [{ count: 60, durationMs: 2000, change: (newer) => short(newer === 40) }],
      [
        "warning drift: 720p: drifts 2 ms a segment earlier than its clock, 3.6 s an hour (its segments last 2 s, the event expects 2.002 s): set frame rate and keyframe interval so that they fit (29.97 frames a second are not 30), or make the event with segmentDuration 2000",
      ],
    ],
    [
      "late",
      epoch,
      [{ latenessMs: 3213 }],
      [
        "warning late: 720p: arrives 3.2 s late on average (due 500 ms after its end, 30 of the last 30 segments late): look at the encoder's load and uplink, or raise the event's publishDelayMs",
      ],
    ],
    ["later than anyone waits", epoch, [{ latenessMs: 4500 }], ["error late: 720p: arrives 4.5 s late on average"]],
    [
      "numbers of the past",
      epoch,
      [{ latenessMs: 23_500 }],
      [
        "error number-offset: 720p: numbers are 12 behind the ones due when they come: the encoder's clock is off or it does not number by the epoch, so set its clock (NTP) and its numbering",
      ],
    ],
    [
      "numbers of the future",
      { timeline: "fixed" },
      [{ latenessMs: -24_400 }],
      [
        "error number-offset: 720p: numbers are 12 ahead of the ones due when they come: the encoder's clock is off or it does not count from the event's startTime, so set its clock (NTP) and its first number",
      ],
    ],
    [
      "an encoder that cannot keep up",
      {},
      [{ intervalMs: 3100 }],
      [
        "error slower-than-real-time: 720p: a segment of 2.0 s comes every 3.1 s, slower than real time: give the encoder more CPU or a faster preset, and the uplink more room",
      ],
    ],
    [
      "a file pushed at once",
      {},
      [{ intervalMs: 120 }],
      [
        "warning faster-than-real-time: 720p: a segment of 2.0 s comes every 120 ms, faster than real time: let the encoder read its input at its own pace (ffmpeg: -re before -i)",
      ],
    ],
  ])("%s", (_what, change, makings, expected) => {
    const findings = told(diagnose(event(change, ...makings), NOW));
    expect(findings).toHaveLength(expected.length);
    for (const [i, text] of expected.entries()) expect(findings[i]).toContain(text);
  });
});

describe("the copies themselves", () => {
  test.each<[string, Partial<EventFeed>, Making[], string[]]>([
    [
      "some defective",
      {},
      [
        {
          change: (newer) => ({
            defects: newer < 3 ? ["gap;ms=80", "short;ms=120"] : newer < 4 ? ["short;ms=99"] : [],
          }),
        },
      ],
      [
        "warning defective-copies: 720p: 4 of the last 30 copies are defective (4 × short and 3 × gap), none should be: look at the encoder's input and keyframes, its segments end early",
      ],
    ],
    [
      "most defective",
      {},
      [{ change: some(16, "unparseable") }],
      [
        "error defective-copies: 720p: 16 of the last 30 copies are defective (16 × unparseable), none should be: look at the encoder's output, these are no whole media files",
      ],
    ],
    [
      "no init, with one copy only",
      {},
      [{ count: 1, change: some(1, "no-init") }],
      [
        "error no-init: 720p: the last copy came without an init segment and cannot be played: let the encoder send its init before its segments (ffmpeg: -hls_fmp4_init_filename in the rendition's folder)",
      ],
    ],
    [
      "another container from each pipeline",
      both,
      [{}, { pipeline: "b", change: (newer) => ({ container: newer === 0 ? "unknown" : "ts" }) }],
      [
        "warning containers-differ: 720p of pipeline b: comes as MPEG-TS, while pipeline a sends fMP4: set both encoders to one container, or every change between them is a break for viewers",
      ],
    ],
    [
      "one rendition without audio",
      {},
      [{}, { rendition: "480p", tracks: ["video"] }],
      [
        "warning audio-missing: 480p: has no audio, while other renditions have: map the audio into this output as well (ffmpeg: -map 0:a)",
      ],
    ],
    [
      "no audio anywhere",
      {},
      [{ tracks: ["video"] }],
      [
        "info audio-missing: no rendition has audio: if there should be sound, give the encoder an audio input and map it into its outputs (ffmpeg: -map 0:a)",
      ],
    ],
  ])("%s", (_what, change, makings, expected) => {
    expect(told(diagnose(event(change, ...makings), NOW))).toEqual(expected);
  });
});

test("worst first, then by what to look at first, pipelines in the event's order; the same whatever the order of the input", () => {
  const makings: Making[] = [
    { pipeline: "b", latenessMs: 900 },
    { pipeline: "b", rendition: "480p", change: some(20, "filler") },
    { pipeline: "a", latenessMs: 900, change: some(1, "jump;ms=90") },
    { pipeline: "a", rendition: "480p", tracks: ["video"] },
  ];
  const input = event({ pipelines: ["b", "a"], timeline: "epoch", runs: [run(1, 1000)] }, ...makings);
  const findings = diagnose(input, NOW);
  const brief = findings.map((f) => [f.severity, f.code, f.pipeline, f.rendition]);
  expect(brief).toEqual([
    ["error", "defective-copies", "b", "480p"],
    ["warning", "defective-copies", "a", "720p"],
    ["warning", "late", "b", "720p"],
    ["warning", "late", "a", "720p"],
    ["warning", "audio-missing", "a", "480p"],
    ["info", "encoder-restarts", "a", undefined],
  ]);
  expect(diagnose({ ...input, feeds: input.feeds.toReversed() }, NOW)).toEqual(findings);
});

test("an encoder's newest start is judged by itself", () => {
  const restarted = { count: 20, change: (newer: number) => (newer < 10 ? { run: 1 } : { run: 0, durationMs: 4000 }) };
  expect(diagnose(event({}, restarted), NOW)).toEqual([]);
});

function run(number: number, agoMs = 3_600_000) {
  return { pipeline: "a", run: number, startedAtMs: NOW - agoMs };
}

function short(isShort: boolean) {
  return isShort ? { durationMs: 900 } : {};
}

function jitter(newer: number) {
  return { stampMs: NOW - 500 - newer * 2000 - [0, 500, 120, 330][newer % 4]! };
}

function audio(rendition: string, change: Making["change"] = () => ({})): Making {
  return { rendition, tracks: ["audio"], video: false, change };
}
