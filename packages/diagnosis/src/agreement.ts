import { about, type Lane } from "./lane.ts";
import { RESTARTS_MANY, RESTARTS_WINDOW_MS } from "./thresholds.ts";
import type { EventFeed, Finding } from "./types.ts";
import { times } from "./words.ts";

const CONTAINER_NAMES: Readonly<Record<string, string>> = { fmp4: "fMP4", ts: "MPEG-TS", aac: "AAC", vtt: "WebVTT" };
const nameOf = (container: string): string => CONTAINER_NAMES[container] ?? container;

/** Encoders that do not stay up, as far as the timeline tells. */
export function checkRestarts(event: EventFeed, nowMs: number): Finding[] {
  return event.pipelines.flatMap((pipeline) => {
    const isRecent = (startedAtMs: number) => startedAtMs > nowMs - RESTARTS_WINDOW_MS && startedAtMs <= nowMs;
    const restarts = event.runs.filter((run) => run.pipeline === pipeline && run.run > 0 && isRecent(run.startedAtMs));
    if (restarts.length === 0) return [];
    const isMany = restarts.length >= RESTARTS_MANY;
    const remedy = isMany ? "see in its log why it does not stay up" : "see in its log why, unless that was you";
    return [
      {
        severity: isMany ? "warning" : "info",
        code: "encoder-restarts",
        pipeline,
        message: `the encoder of pipeline ${pipeline} restarted ${times(restarts.length)} in the last 10 minutes, each time a discontinuity for viewers: ${remedy}`,
      },
    ];
  });
}

/** A rendition that pipelines send in different containers cannot change between them without a break. */
export function checkContainers(lanes: readonly Lane[]): Finding[] {
  const firsts = new Map<string, Lane>();
  return lanes.flatMap((lane) => {
    const container = containerOf(lane);
    if (container === undefined) return [];
    const first = firsts.get(lane.feed.rendition);
    if (first === undefined) {
      firsts.set(lane.feed.rendition, lane);
      return [];
    }
    const expected = containerOf(first)!;
    if (container === expected) return [];
    const text = `comes as ${nameOf(container)}, while pipeline ${first.feed.pipeline} sends ${nameOf(expected)}: set both encoders to one container, or every change between them is a break for viewers`;
    return [about(lane, "warning", "containers-differ", text)];
  });
}

/** Bytes that could not be read are defective, not another container. */
function containerOf({ recent }: Lane): string | undefined {
  return recent.findLast(({ container }) => container !== "unknown")?.container;
}

/** Pictures without sound, where other renditions have it, or where there is none at all. */
export function checkAudio(lanes: readonly Lane[]): Finding[] {
  const told = lanes.flatMap((lane) => (lane.feed.tracks === undefined ? [] : [{ lane, tracks: lane.feed.tracks }]));
  const pictures = told.filter(({ tracks }) => tracks.includes("video"));
  const hasAudioOnly = told.some(({ tracks }) => tracks.includes("audio") && !tracks.includes("video"));
  const mute = pictures.filter(({ tracks }) => !tracks.includes("audio"));
  if (hasAudioOnly || mute.length === 0) return [];
  if (mute.length < pictures.length) {
    const text = "has no audio, while other renditions have: map the audio into this output as well (ffmpeg: -map 0:a)";
    return mute.map(({ lane }) => about(lane, "warning", "audio-missing", text));
  }
  if (told.length < lanes.length) return [];
  const message =
    "no rendition has audio: if there should be sound, give the encoder an audio input and map it into its outputs (ffmpeg: -map 0:a)";
  return [{ severity: "info", code: "audio-missing", message }];
}
