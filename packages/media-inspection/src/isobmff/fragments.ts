import type { TrackFragment } from "../types.ts";
import { childBoxes, findBox, needBox } from "./box.ts";
import { readTfdt } from "./tfdt.ts";
import { readTfhd } from "./tfhd.ts";
import { readTrun } from "./trun.ts";

const MAX_TRACKS = 64;

type Sum = { -readonly [K in keyof TrackFragment]: TrackFragment[K] };

export interface FragmentSum {
  /** Adds a `moof`; how many samples it has. */
  add(moof: DataView): number;
  tracks(): readonly TrackFragment[];
}

/** Adds up the fragments of a segment per track. */
export function createFragmentSum(): FragmentSum {
  const tracks = new Map<number, Sum>();

  const trackOf = (trackId: number): Sum => {
    const known = tracks.get(trackId);
    if (known) return known;
    if (tracks.size === MAX_TRACKS) throw new RangeError("too many tracks");
    const track: Sum = { trackId, samples: 0, durationTicks: 0, samplesOfDefaultDuration: 0 };
    tracks.set(trackId, track);
    return track;
  };

  const addTraf = (traf: DataView): number => {
    const { trackId, defaultSampleDuration } = readTfhd(needBox(traf, "tfhd"));
    const track = trackOf(trackId);
    const tfdt = findBox(traf, "tfdt");
    if (tfdt !== undefined && track.samples === 0) track.decodeTime = readTfdt(tfdt);
    let added = 0;
    for (const { type, body } of childBoxes(traf)) {
      if (type !== "trun") continue;
      const { samples, durationTicks } = readTrun(body);
      added += samples;
      if (durationTicks !== undefined) track.durationTicks += durationTicks;
      else if (defaultSampleDuration !== undefined) track.durationTicks += samples * defaultSampleDuration;
      else track.samplesOfDefaultDuration += samples;
    }
    track.samples += added;
    return added;
  };

  return {
    add(moof) {
      let added = 0;
      for (const { type, body } of childBoxes(moof)) if (type === "traf") added += addTraf(body);
      return added;
    },
    tracks: () => [...tracks.values()],
  };
}
