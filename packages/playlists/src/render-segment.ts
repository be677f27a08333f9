export interface SegmentLine {
  readonly durationSec: number;
  readonly programDateTimeMs: number;
  readonly uri: string;
  readonly gap: boolean;
}

/**
 * The lines that belong to one segment alone. EXT-X-MAP and EXT-X-DISCONTINUITY depend on its neighbours and are put
 * before them when a playlist is made.
 */
export function renderSegment({ durationSec, programDateTimeMs, uri, gap }: SegmentLine): string {
  // join makes one flat string; a template would keep its pieces, several times the memory.
  return [
    `#EXT-X-PROGRAM-DATE-TIME:${new Date(programDateTimeMs).toISOString()}`,
    ...(gap ? ["#EXT-X-GAP"] : []),
    `#EXTINF:${durationSec.toFixed(6)},`,
    uri,
    "",
  ].join("\n");
}
