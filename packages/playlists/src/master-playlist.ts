import { stringify, types } from "hls-parser";
import type { MediaRendition, Variant } from "./types.ts";

/**
 * Writes a multivariant playlist.
 * @param options.query handed on to every playlist named in it, without the question mark (`window=300`)
 */
export function masterPlaylist(
  { variants, renditions }: { variants: readonly Variant[]; renditions: readonly MediaRendition[] },
  { query }: { query?: string } = {},
): string {
  const suffix = query ? `?${query}` : "";
  const group = (type: MediaRendition["type"], id: string | undefined) =>
    renditions.filter((one) => one.type === type && one.groupId === id).map((one) => toHls(one, suffix));
  const playlist = new types.MasterPlaylist({
    version: 6,
    independentSegments: true,
    variants: variants.map(
      ({ uri, codecs, audioGroup, subtitlesGroup, ...numbers }) =>
        new types.Variant({
          ...numbers,
          uri: `${uri}${suffix}`,
          codecs: codecs && quotable(codecs),
          audio: group("AUDIO", audioGroup),
          subtitles: group("SUBTITLES", subtitlesGroup),
        }),
    ),
  });
  return `${stringify(playlist)}\n`;
}

function toHls({ type, groupId, name, language, channels, uri, ...flags }: MediaRendition, suffix: string) {
  return new types.Rendition({
    type,
    groupId: quotable(groupId),
    name: quotable(name),
    isDefault: flags.default,
    autoselect: flags.autoselect || flags.default,
    // Allowed on subtitles alone.
    ...(type === "SUBTITLES" && { forced: flags.forced }),
    ...(language && { language: quotable(language) }),
    ...(channels && { channels: quotable(channels) }),
    ...(uri && { uri: `${uri}${suffix}` }),
  } as types.Rendition);
}

/** A quoted string has no escapes (RFC 8216 §4.2), and a quote or a line break would end it. */
function quotable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replace(/[\0-\x1f"]/g, " ");
}
