import { compareDefects } from "./defects.ts";
import type { SegmentObjectReport } from "./scanner.ts";
import type { Defect, InitReport, InitTrack, SegmentReport, TrackFragment } from "./types.ts";

/**
 * Makes a segment's report whole. fMP4 takes timescales and default durations from its own moov, else from `init`;
 * the other containers need none.
 */
export function completeReport(report: SegmentObjectReport, init: InitReport | undefined): SegmentReport {
  const defects: Defect[] = [...report.defects];
  if (report.brands.includes("slat")) defects.push("filler");
  const known = report.init ?? init;
  const parseable = !report.defects.includes("unparseable");
  if (report.container === "fmp4" && parseable) {
    if (known === undefined) defects.push("no-init");
    else if (!report.tracks.every((track) => trackOf(known, track))) defects.push("wrong-init");
  }
  return {
    container: report.container,
    video: false,
    ...(parseable && (report.container === "fmp4" ? fragmentTimes(report.tracks, known) : streamTimes(report))),
    last: report.brands.includes("lmsg"),
    defects: defects.sort(compareDefects),
  };
}

type Times = Pick<SegmentReport, "duration" | "decodeTimeMs" | "samples"> & { readonly video: boolean };

function streamTimes({ times }: SegmentObjectReport): Times | undefined {
  if (times === undefined) return undefined;
  const { timescale, decodeTime, durationTicks, samples, video } = times;
  return {
    duration: { ticks: durationTicks, timescale },
    ...(decodeTime !== undefined && { decodeTimeMs: (decodeTime / timescale) * 1000 }),
    samples,
    video,
  };
}

function fragmentTimes(fragments: readonly TrackFragment[], init: InitReport | undefined): Times | undefined {
  const tracks = fragments.flatMap((fragment) => {
    const declared = init && trackOf(init, fragment);
    return declared ? [{ fragment, declared }] : [];
  });
  const chosen = tracks.find(({ declared }) => declared.type === "video") ?? tracks[0];
  if (chosen === undefined) return undefined;
  const { fragment, declared } = chosen;
  const { timescale } = declared;
  const ticks = fragment.durationTicks + fragment.samplesOfDefaultDuration * declared.defaultSampleDuration;
  return {
    // Samples whose duration nobody tells leave it open.
    ...((fragment.samplesOfDefaultDuration === 0 || declared.defaultSampleDuration > 0) && {
      duration: { ticks, timescale },
    }),
    ...(fragment.decodeTime !== undefined && { decodeTimeMs: (fragment.decodeTime / timescale) * 1000 }),
    samples: fragment.samples,
    video: declared.type === "video",
  };
}

function trackOf(init: InitReport, fragment: TrackFragment): InitTrack | undefined {
  return init.tracks.find((track) => track.id === fragment.trackId);
}
