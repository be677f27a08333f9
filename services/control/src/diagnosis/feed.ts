import type { Copy, EventFeed, RenditionFeed } from "@headwater/diagnosis";
import { type EventView, type RenditionTail, TAIL_NUMBERS } from "@headwater/segment-store/catalog";
import type { Candidate, Shape } from "@headwater/segment-store/model";
import { durationMs } from "@headwater/timeline";

/** What comes in for an event, as its shape and tails stand: they are to be made fresh before. */
export function feedOf(view: EventView): EventFeed {
  const { event, shape } = view;
  const pipelines = event.pipelines.map(({ id }) => id);
  return {
    timeline: event.timeline,
    segmentDurationMs: durationMs(event.segmentDuration),
    publishDelayMs: event.publishDelayMs,
    holdMs: event.holdMs,
    retryDeadlineMs: event.retryDeadlineMs,
    ...(event.startTimeMs === undefined ? {} : { startTimeMs: event.startTimeMs }),
    ended: event.end !== undefined,
    pipelines,
    renditions: event.renditions,
    feeds: shape.all("stream").flatMap(({ rendition }) => {
      const tail = view.tail(rendition);
      return pipelines.flatMap((pipeline) => renditionFeed(shape, tail, pipeline) ?? []);
    }),
    runs: shape.all("run"),
  };
}

function renditionFeed(shape: Shape, tail: RenditionTail, pipeline: string): RenditionFeed | undefined {
  const progress = tail.progress(pipeline);
  if (progress === undefined) return undefined;
  const { rendition } = tail;
  const numbers = Array.from({ length: TAIL_NUMBERS }, (_, i) => tail.lowest + i);
  const copies = numbers.flatMap(
    (number) => best(tail.candidates(number).filter((candidate) => candidate.pipeline === pipeline)) ?? [],
  );
  const tracks = tracksOf(shape, rendition, pipeline);
  return {
    rendition,
    pipeline,
    lastStampMs: progress.lastCommitMs,
    copies: copies.map(copyOf),
    ...(tracks === undefined ? {} : { tracks }),
  };
}

/** Of several uploads of one number the valid one, else the first. */
function best(uploads: readonly Candidate[]): Candidate | undefined {
  const sorted = uploads.toSorted((a, b) => a.stampMs - b.stampMs);
  return sorted.find(({ report }) => report.defects.length === 0) ?? sorted[0];
}

function copyOf({ number, run, stampMs, durationMs, latenessMs, report }: Candidate): Copy {
  const { video, container, defects } = report;
  return { number, run, stampMs, durationMs, latenessMs, video, container, defects };
}

const AUDIO_CODEC = /^(?:mp4a|ac-|ec-|opus|fLaC)/i;

/** By the pipeline's newest init, else by the codecs that the segments themselves tell. */
function tracksOf(shape: Shape, rendition: string, pipeline: string): readonly string[] | undefined {
  const init = shape.newestInit(rendition, pipeline);
  if (init !== undefined) return init.report.tracks.map(({ type }) => type);
  const codecs = shape.stream(rendition)?.codecs ?? [];
  return codecs.length === 0 ? undefined : codecs.map((codec) => (AUDIO_CODEC.test(codec) ? "audio" : "video"));
}
