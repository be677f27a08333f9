import type { InitReport, InitTrack } from "./types.ts";

/**
 * Whether a player goes from segments of one init to those of the other without a DISCONTINUITY (interface §5): same
 * track ids, timescales and sample entries, in any order.
 */
export function compatibleInits(a: InitReport, b: InitReport): boolean {
  return fingerprint(a) === fingerprint(b);
}

function fingerprint(init: InitReport): string {
  const tracks = [...init.tracks].sort((x, y) => x.id - y.id);
  return tracks.map((track) => `${track.id} ${track.timescale} ${sampleEntry(track)}`).join("\n");
}

function sampleEntry(track: InitTrack): string {
  return track.codec.slice(0, 4);
}
