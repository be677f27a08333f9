const PLAYLIST = "application/vnd.apple.mpegurl";

const BY_EXTENSION: ReadonlyMap<string, string> = new Map([
  ["m3u8", PLAYLIST],
  ["m4s", "video/mp4"],
  ["mp4", "video/mp4"],
  ["cmfv", "video/mp4"],
  ["cmfa", "audio/mp4"],
  ["cmft", "application/mp4"],
  ["cmfm", "application/mp4"],
  ["ts", "video/mp2t"],
  ["aac", "audio/aac"],
  ["vtt", "text/vtt"],
]);

/** The Content-Type of an object by its extension, without a dot. */
export function contentType(ext: string): string {
  return BY_EXTENSION.get(ext) ?? "application/octet-stream";
}
