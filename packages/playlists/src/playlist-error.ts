/** `too-large`: over a limit of ours. `not-a-playlist`: no UTF-8 text that begins with #EXTM3U. `malformed`: the rest. */
export type PlaylistErrorCode = "too-large" | "not-a-playlist" | "malformed";

/** Why a playlist was refused; the message is one sentence for the encoder's operator and repeats none of its bytes. */
export class PlaylistError extends Error {
  readonly code: PlaylistErrorCode;

  constructor(code: PlaylistErrorCode, message: string) {
    super(message);
    this.name = "PlaylistError";
    this.code = code;
  }
}
