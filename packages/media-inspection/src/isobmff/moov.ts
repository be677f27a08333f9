import type { InitReport, InitTrack } from "../types.ts";
import { childBoxes, findBox, needBox } from "./box.ts";
import { readHdlr } from "./hdlr.ts";
import { readMdhd } from "./mdhd.ts";
import { readStsd } from "./stsd.ts";
import { readTkhd } from "./tkhd.ts";
import { readTrex } from "./trex.ts";

const MAX_TRACKS = 64;

/** What a `moov` declares of its tracks. */
export function readMoov(moov: DataView): InitReport {
  const defaults = readDefaults(moov);
  const tracks: InitTrack[] = [];
  for (const { type, body } of childBoxes(moov)) {
    if (type !== "trak") continue;
    if (tracks.length === MAX_TRACKS) throw new RangeError("too many tracks");
    tracks.push(readTrak(body, defaults));
  }
  if (tracks.length === 0) throw new RangeError("no tracks");
  return { tracks };
}

function readTrak(trak: DataView, defaults: ReadonlyMap<number, number>): InitTrack {
  const { id, width, height } = readTkhd(needBox(trak, "tkhd"));
  const mdia = needBox(trak, "mdia");
  const type = readHdlr(needBox(mdia, "hdlr"));
  const entry = readStsd(needBox(needBox(needBox(mdia, "minf"), "stbl"), "stsd"), type);
  return {
    id,
    type,
    timescale: readMdhd(needBox(mdia, "mdhd")),
    codec: entry.codec,
    defaultSampleDuration: defaults.get(id) ?? 0,
    // The size at which to display; where the track leaves it open, that of the coded picture.
    ...(type === "video" && (width > 0 && height > 0 ? { width, height } : entry.size)),
  };
}

function readDefaults(moov: DataView): Map<number, number> {
  const defaults = new Map<number, number>();
  const mvex = findBox(moov, "mvex");
  if (mvex === undefined) return defaults;
  for (const { type, body } of childBoxes(mvex)) {
    if (type !== "trex") continue;
    const { trackId, defaultSampleDuration } = readTrex(body);
    defaults.set(trackId, defaultSampleDuration);
  }
  return defaults;
}
