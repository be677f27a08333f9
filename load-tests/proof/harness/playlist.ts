export interface ListedSegment {
  readonly uri: string;
  readonly durationSec: number;
  readonly mapUri: string | undefined;
  readonly discontinuity: boolean;
  readonly gap: boolean;
}

export interface List {
  readonly mediaSequence: number;
  readonly segments: readonly ListedSegment[];
  readonly ended: boolean;
}

/** Reads a media playlist, ffmpeg's or the origin's, independently of Headwater's own code. */
export function readList(text: string): List {
  if (!text.startsWith("#EXTM3U")) throw new Error(`not a playlist: ${text.slice(0, 100)}`);
  const segments: ListedSegment[] = [];
  let mediaSequence = 0;
  let mapUri: string | undefined;
  let next = { durationSec: 0, discontinuity: false, gap: false };
  for (const line of text.split(/\r?\n/)) {
    const [tag, value = ""] = splitTag(line);
    if (tag === "#EXT-X-MEDIA-SEQUENCE") mediaSequence = Number(value);
    else if (tag === "#EXT-X-MAP") mapUri = /URI="([^"]*)"/.exec(value)?.[1];
    else if (tag === "#EXTINF") next.durationSec = Number.parseFloat(value);
    else if (tag === "#EXT-X-DISCONTINUITY") next.discontinuity = true;
    else if (tag === "#EXT-X-GAP") next.gap = true;
    else if (line !== "" && !line.startsWith("#")) {
      segments.push({ ...next, uri: line, mapUri });
      next = { durationSec: 0, discontinuity: false, gap: false };
    }
  }
  return { mediaSequence, segments, ended: text.includes("#EXT-X-ENDLIST") };
}

function splitTag(line: string): [string, string?] {
  const colon = line.indexOf(":");
  return colon < 0 ? [line] : [line.slice(0, colon), line.slice(colon + 1)];
}
