import type { IncomingMessage } from "node:http";
import type { Response } from "express";
import { readWhole } from "./body.ts";
import type { Accepted } from "./outcome.ts";
import type { Locals, Parts } from "./parts.ts";

/** Takes in an encoder's playlist: when it is answered, every segment it names is visible. Rejects with PlaylistError too. */
export async function storePlaylist(
  { publishing, limits }: Parts,
  req: IncomingMessage,
  res: Response,
  name: string,
): Promise<Accepted> {
  const { event, pipeline } = res.locals as Locals;
  const text = await readWhole(req, res, limits.maxPlaylistBytes);
  return text.length === 0 ? "none" : publishing.storePlaylist(event, pipeline, name, text);
}
